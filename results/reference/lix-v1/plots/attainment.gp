# attainment.svg and attainment.png from attainment.csv: gnuplot attainment.gp
# Reads only that file and computes nothing: blobfront laid everything out.
set encoding utf8
set datafile separator comma
unset key
do for [format in "svg png"] {
  if (format eq "svg") {
    set terminal svg size 900,620 noenhanced font "sans-serif,15" background rgb "white"
    title_font = ",19"; marker = 0.62
  } else { if (strstrt(GPVAL_TERMINALS, " pngcairo ") > 0) {
    set terminal pngcairo size 1800,1240 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  } else {
    set terminal png size 1800,1240 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  }
    title_font = ",13.68"; marker = 1
  }
  set output "attainment.".format
  set multiplot
  unset border; unset tics; unset grid; unset logscale
  set lmargin at screen 0; set rmargin at screen 1
  set bmargin at screen 0; set tmargin at screen 1
  set xrange [0:1]; set yrange [0:1]
  plot "attainment.csv" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \
    "attainment.csv" index 0 every ::2 using 1:2:3 with labels left
  set errorbars 0; set border 3 linecolor rgb "#606060"; set tics nomirror out scale 0.5
  set grid linetype 1 linecolor rgb "#e4e4e4" linewidth 0.7
  set lmargin at screen 0.10222; set rmargin at screen 0.97333
  set bmargin at screen 0.10645; set tmargin at screen 0.84516
  set logscale x
  set xrange [39.6111675:299.134235]
  set xtics nomirror ("40 %%" 40, "50 %%" 50, "70 %%" 70, "100 %%" 100, "150 %%" 150, "200 %%" 200)
  unset logscale y
  set yrange [62.4684124:107.445988]
  set ytics nomirror ("70 %%" 70, "80 %%" 80, "90 %%" 90, "100 %%" 100)
  set grid xtics ytics
  set xlabel "point reads: p95 latency, % of the control's" offset 0,0.2
  set ylabel "bytes stored, % of the control's" offset 0.5,0
  set arrow 1 from screen 0.02000,0.87742 to screen 0.05778,0.87742 nohead linecolor rgb "#404040" linewidth 1.5 dashtype 3
  set arrow 2 from screen 0.32783,0.87742 to screen 0.36561,0.87742 nohead linecolor rgb "#000000" linewidth 2.5
  set arrow 3 from screen 0.52250,0.87742 to screen 0.56028,0.87742 nohead linecolor rgb "#404040" linewidth 1.5 dashtype 2
  plot "attainment.csv" index 1 every ::1 using 1:2 with filledcurves closed fillcolor rgb "#ececec", \
    "attainment.csv" index 8 every ::1 using 1:2:3:4 with vectors nohead linecolor rgb "#b0b0b0" linewidth 1, \
    "attainment.csv" index 2 every ::1 using 1:2 with lines linecolor rgb "#404040" linewidth 1.5 dashtype 3, \
    "attainment.csv" index 4 every ::1 using 1:2 with lines linecolor rgb "#404040" linewidth 1.5 dashtype 2, \
    "attainment.csv" index 3 every ::1 using 1:2 with lines linecolor rgb "#000000" linewidth 2.5, \
    "attainment.csv" index 5 every ::1 using 1:2:3:4 with points pointtype variable pointsize 0.7*marker linecolor rgb variable, \
    "attainment.csv" index 6 every ::1 using 1:2:3:4 with points pointtype variable pointsize 1.5*marker linecolor rgb variable, \
    "attainment.csv" index 7 every ::1 using 1:2:3 with labels left, \
    "attainment.csv" index 7 every ::1 using 1:2:4 with labels right
  unset multiplot
  unset output
}
