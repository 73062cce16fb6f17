# footprint.svg and footprint.png from footprint.csv: gnuplot footprint.gp
# Reads only that file and computes nothing: blobfront laid everything out.
set encoding utf8
set datafile separator comma
unset key
do for [format in "svg png"] {
  if (format eq "svg") {
    set terminal svg size 900,646 noenhanced font "sans-serif,15" background rgb "white"
    title_font = ",19"; marker = 0.62
  } else { if (strstrt(GPVAL_TERMINALS, " pngcairo ") > 0) {
    set terminal pngcairo size 1800,1292 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  } else {
    set terminal png size 1800,1292 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  }
    title_font = ",13.68"; marker = 1
  }
  set output "footprint.".format
  set multiplot
  unset border; unset tics; unset grid; unset logscale
  set lmargin at screen 0; set rmargin at screen 1
  set bmargin at screen 0; set tmargin at screen 1
  set xrange [0:1]; set yrange [0:1]
  plot "footprint.csv" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \
    "footprint.csv" index 0 every ::2 using 1:2:3 with labels left
  set errorbars 0; set border 3 linecolor rgb "#606060"; set tics nomirror out scale 0.5
  set grid linetype 1 linecolor rgb "#e4e4e4" linewidth 0.7
  set object 1 rectangle from screen 0.02200, screen 0.90248 to screen 0.04600, screen 0.92415 fillcolor rgb "#303030" fillstyle solid border linecolor rgb "#606060"
  set object 2 rectangle from screen 0.17200, screen 0.90248 to screen 0.19600, screen 0.92415 fillcolor rgb "#727272" fillstyle solid border linecolor rgb "#606060"
  set object 3 rectangle from screen 0.32200, screen 0.90248 to screen 0.34600, screen 0.92415 fillcolor rgb "#e2e2e2" fillstyle solid border linecolor rgb "#606060"
  set object 4 rectangle from screen 0.47200, screen 0.90248 to screen 0.49600, screen 0.92415 fillcolor rgb "#acacac" fillstyle solid border linecolor rgb "#606060"
  set lmargin at screen 0.19556; set rmargin at screen 0.55667
  set bmargin at screen 0.50155; set tmargin at screen 0.82353
  unset logscale x
  set xrange [0:94090608.6]
  set xtics nomirror ("0 B" 0, "20 MiB" 20971520, "40 MiB" 41943040, "60 MiB" 62914560)
  set yrange [-7.7:0.7]; unset ytics; set grid xtics; set style fill solid
  set ytics scale 0
  plot "footprint.csv" index 2 every ::1 using 1:2:3:ytic(4) with points pointtype 0 linecolor rgb "white", \
    "footprint.csv" index 1 every ::1 using 1:3:1:2:4:5:6 with boxxyerror linecolor rgb variable, \
    "footprint.csv" index 2 every ::1 using 1:2:3 with labels left offset character 0.6,0
  unset object 1
  unset object 2
  unset object 3
  unset object 4
  set lmargin at screen 0.60556; set rmargin at screen 0.96667
  set bmargin at screen 0.50155; set tmargin at screen 0.82353
  unset logscale x
  set xrange [0:94090608.6]
  set xtics nomirror ("0 B" 0, "20 MiB" 20971520, "40 MiB" 41943040, "60 MiB" 62914560)
  set yrange [-7.7:0.7]; unset ytics; set grid xtics; set style fill solid
  set ytics scale 0 format ""
  plot "footprint.csv" index 4 every ::1 using 1:2:3 with points pointtype 0 linecolor rgb "white", \
    "footprint.csv" index 3 every ::1 using 1:3:1:2:4:5:6 with boxxyerror linecolor rgb variable, \
    "footprint.csv" index 4 every ::1 using 1:2:3 with labels left offset character 0.6,0
  set lmargin at screen 0.19556; set rmargin at screen 0.55667
  set bmargin at screen 0.07121; set tmargin at screen 0.39319
  unset logscale x
  set xrange [0:94090608.6]
  set xtics nomirror ("0 B" 0, "20 MiB" 20971520, "40 MiB" 41943040, "60 MiB" 62914560)
  set yrange [-7.7:0.7]; unset ytics; set grid xtics; set style fill solid
  set ytics scale 0
  plot "footprint.csv" index 6 every ::1 using 1:2:3:ytic(4) with points pointtype 0 linecolor rgb "white", \
    "footprint.csv" index 5 every ::1 using 1:3:1:2:4:5:6 with boxxyerror linecolor rgb variable, \
    "footprint.csv" index 6 every ::1 using 1:2:3 with labels left offset character 0.6,0
  set lmargin at screen 0.60556; set rmargin at screen 0.96667
  set bmargin at screen 0.07121; set tmargin at screen 0.39319
  unset logscale x
  set xrange [0:94090608.6]
  set xtics nomirror ("0 B" 0, "20 MiB" 20971520, "40 MiB" 41943040, "60 MiB" 62914560)
  set yrange [-7.7:0.7]; unset ytics; set grid xtics; set style fill solid
  set ytics scale 0 format ""
  plot "footprint.csv" index 8 every ::1 using 1:2:3 with points pointtype 0 linecolor rgb "white", \
    "footprint.csv" index 7 every ::1 using 1:3:1:2:4:5:6 with boxxyerror linecolor rgb variable, \
    "footprint.csv" index 8 every ::1 using 1:2:3 with labels left offset character 0.6,0
  unset multiplot
  unset output
}
