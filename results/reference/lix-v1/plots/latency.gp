# latency.svg and latency.png from latency.csv: gnuplot latency.gp
# Reads only that file and computes nothing: blobfront laid everything out.
set encoding utf8
set datafile separator comma
unset key
do for [format in "svg png"] {
  if (format eq "svg") {
    set terminal svg size 900,870 noenhanced font "sans-serif,15" background rgb "white"
    title_font = ",19"; marker = 0.62
  } else { if (strstrt(GPVAL_TERMINALS, " pngcairo ") > 0) {
    set terminal pngcairo size 1800,1740 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  } else {
    set terminal png size 1800,1740 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  }
    title_font = ",13.68"; marker = 1
  }
  set output "latency.".format
  set multiplot
  unset border; unset tics; unset grid; unset logscale
  set lmargin at screen 0; set rmargin at screen 1
  set bmargin at screen 0; set tmargin at screen 1
  set xrange [0:1]; set yrange [0:1]
  plot "latency.csv" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \
    "latency.csv" index 0 every ::2 using 1:2:3 with labels left
  set errorbars 0; set border 3 linecolor rgb "#606060"; set tics nomirror out scale 0.5
  set grid linetype 1 linecolor rgb "#e4e4e4" linewidth 0.7
  set lmargin at screen 0.19556; set rmargin at screen 0.55667
  set bmargin at screen 0.65517; set tmargin at screen 0.87586
  set logscale x
  set xrange [354851.915:696052.899]
  set xtics nomirror ("400 µs" 400000, "500 µs" 500000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0
  plot "latency.csv" index 1 every ::1 using 1:3:ytic(7) with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 1 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 1 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 1 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 1 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  set lmargin at screen 0.60556; set rmargin at screen 0.96667
  set bmargin at screen 0.65517; set tmargin at screen 0.87586
  set logscale x
  set xrange [372113.931:841248.421]
  set xtics nomirror ("400 µs" 400000, "500 µs" 500000, "700 µs" 700000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0 format ""
  plot "latency.csv" index 2 every ::1 using 1:3 with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 2 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 2 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 2 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 2 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  set lmargin at screen 0.19556; set rmargin at screen 0.55667
  set bmargin at screen 0.35402; set tmargin at screen 0.57471
  set logscale x
  set xrange [5545.53448:700381.875]
  set xtics nomirror ("10 µs" 10000, "30 µs" 30000, "100 µs" 100000, "300 µs" 300000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0
  plot "latency.csv" index 3 every ::1 using 1:3:ytic(7) with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 3 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 3 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 3 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 3 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  set lmargin at screen 0.60556; set rmargin at screen 0.96667
  set bmargin at screen 0.35402; set tmargin at screen 0.57471
  set logscale x
  set xrange [612732.975:3537090.56]
  set xtics nomirror ("700 µs" 700000, "1 ms" 1000000, "2 ms" 2000000, "3 ms" 3000000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0 format ""
  plot "latency.csv" index 4 every ::1 using 1:3 with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 4 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 4 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 4 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 4 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  set lmargin at screen 0.19556; set rmargin at screen 0.55667
  set bmargin at screen 0.05287; set tmargin at screen 0.27356
  set logscale x
  set xrange [11984.828:1236209.37]
  set xtics nomirror ("30 µs" 30000, "100 µs" 100000, "300 µs" 300000, "1 ms" 1000000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0
  plot "latency.csv" index 5 every ::1 using 1:3:ytic(7) with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 5 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 5 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 5 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 5 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  set lmargin at screen 0.60556; set rmargin at screen 0.96667
  set bmargin at screen 0.05287; set tmargin at screen 0.27356
  set logscale x
  set xrange [344064.797:4520406.06]
  set xtics nomirror ("500 µs" 500000, "1 ms" 1000000, "2 ms" 2000000)
  unset logscale y; set yrange [-7.6:0.6]; unset ytics; set grid xtics
  set ytics scale 0 format ""
  plot "latency.csv" index 6 every ::1 using 1:3 with points pointtype 0 linecolor rgb "white", \
    "latency.csv" index 6 every ::1 using 1:3:1:8:3:3:6 with xyerrorbars pointtype 0 linewidth 3 linecolor rgb variable, \
    "latency.csv" index 6 every ::1 using 2:3:4 with points pointtype variable pointsize 1.3*marker linecolor rgb "white", \
    "latency.csv" index 6 every ::1 using 2:3:5:6 with points pointtype variable pointsize 1.2*marker linewidth 2/marker linecolor rgb variable, \
    "latency.csv" index 6 every ::1 using 1:3:4:6 with points pointtype variable pointsize 1.3*marker linecolor rgb variable
  unset multiplot
  unset output
}
