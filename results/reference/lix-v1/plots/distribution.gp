# distribution.svg and distribution.png from distribution.csv: gnuplot distribution.gp
# Reads only that file and computes nothing: blobfront laid everything out.
set encoding utf8
set datafile separator comma
unset key
do for [format in "svg png"] {
  if (format eq "svg") {
    set terminal svg size 900,1030 noenhanced font "sans-serif,15" background rgb "white"
    title_font = ",19"; marker = 0.62
  } else { if (strstrt(GPVAL_TERMINALS, " pngcairo ") > 0) {
    set terminal pngcairo size 1800,2060 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  } else {
    set terminal png size 1800,2060 noenhanced font "sans,10.8" fontscale 2 linewidth 2 pointscale 2 background rgb "white"
  }
    title_font = ",13.68"; marker = 1
  }
  set output "distribution.".format
  set multiplot
  unset border; unset tics; unset grid; unset logscale
  set lmargin at screen 0; set rmargin at screen 1
  set bmargin at screen 0; set tmargin at screen 1
  set xrange [0:1]; set yrange [0:1]
  plot "distribution.csv" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \
    "distribution.csv" index 0 every ::2 using 1:2:3 with labels left
  set errorbars 0; set border 3 linecolor rgb "#606060"; set tics nomirror out scale 0.5
  set grid linetype 1 linecolor rgb "#e4e4e4" linewidth 0.7
  set border 0; unset tics; unset grid
  plot "distribution.csv" index 1 every ::1 using 1:2:3:4:5 with vectors nohead linewidth 2.5 linecolor rgb variable, \
    "distribution.csv" index 1 every ::1 using 6:2:7:5 with points pointtype variable pointsize 1*marker linecolor rgb variable
  set border 3; set tics nomirror out scale 0.5; set grid xtics ytics
  set lmargin at screen 0.07778; set rmargin at screen 0.49778
  set bmargin at screen 0.68738; set tmargin at screen 0.91068
  set logscale x
  set xrange [165078.255:15716646.4]
  set xtics nomirror ("300 µs" 300000, "1 ms" 1000000, "3 ms" 3000000, "10 ms" 10000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("0 %%" 0, "25 %%" 25, "50 %%" 50, "75 %%" 75, "95 %%" 95)
  plot "distribution.csv" index 2 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 3 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  set lmargin at screen 0.54667; set rmargin at screen 0.96667
  set bmargin at screen 0.68738; set tmargin at screen 0.91068
  set logscale x
  set xrange [165926.063:16355334.7]
  set xtics nomirror ("300 µs" 300000, "1 ms" 1000000, "3 ms" 3000000, "10 ms" 10000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("" 0, "" 25, "" 50, "" 75, "" 95)
  plot "distribution.csv" index 4 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 5 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  set lmargin at screen 0.07778; set rmargin at screen 0.49778
  set bmargin at screen 0.39612; set tmargin at screen 0.61942
  set logscale x
  set xrange [2798.46284:4613864.63]
  set xtics nomirror ("10 µs" 10000, "100 µs" 100000, "1 ms" 1000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("0 %%" 0, "25 %%" 25, "50 %%" 50, "75 %%" 75, "95 %%" 95)
  plot "distribution.csv" index 6 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 7 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  set lmargin at screen 0.54667; set rmargin at screen 0.96667
  set bmargin at screen 0.39612; set tmargin at screen 0.61942
  set logscale x
  set xrange [412190.631:7978361.77]
  set xtics nomirror ("500 µs" 500000, "1 ms" 1000000, "2 ms" 2000000, "5 ms" 5000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("" 0, "" 25, "" 50, "" 75, "" 95)
  plot "distribution.csv" index 8 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 9 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  set lmargin at screen 0.07778; set rmargin at screen 0.49778
  set bmargin at screen 0.10485; set tmargin at screen 0.32816
  set logscale x
  set xrange [2154.17309:16822686.9]
  set xtics nomirror ("10 µs" 10000, "100 µs" 100000, "1 ms" 1000000, "10 ms" 10000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("0 %%" 0, "25 %%" 25, "50 %%" 50, "75 %%" 75, "95 %%" 95)
  plot "distribution.csv" index 10 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 11 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  set lmargin at screen 0.54667; set rmargin at screen 0.96667
  set bmargin at screen 0.10485; set tmargin at screen 0.32816
  set logscale x
  set xrange [178063.67:15287916.6]
  set xtics nomirror ("300 µs" 300000, "1 ms" 1000000, "3 ms" 3000000, "10 ms" 10000000)
  unset logscale y; set yrange [0:100]
  set ytics nomirror ("" 0, "" 25, "" 50, "" 75, "" 95)
  plot "distribution.csv" index 12 every ::1 using 1:2:3 with lines linewidth 2 linecolor rgb variable, \
    "distribution.csv" index 13 every ::1 using 1:2:4:3 with points pointtype variable pointsize 0.8*marker linecolor rgb variable
  unset multiplot
  unset output
}
