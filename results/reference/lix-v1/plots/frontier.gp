# frontier.svg and frontier.png from frontier.csv: gnuplot frontier.gp
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
  set output "frontier.".format
  set multiplot
  unset border; unset tics; unset grid; unset logscale
  set lmargin at screen 0; set rmargin at screen 1
  set bmargin at screen 0; set tmargin at screen 1
  set xrange [0:1]; set yrange [0:1]
  plot "frontier.csv" index 0 every ::1::1 using 1:2:3 with labels left font title_font, \
    "frontier.csv" index 0 every ::2 using 1:2:3 with labels left
  set errorbars 0; set border 3 linecolor rgb "#606060"; set tics nomirror out scale 0.5
  set grid linetype 1 linecolor rgb "#e4e4e4" linewidth 0.7
  set lmargin at screen 0.10222; set rmargin at screen 0.97333
  set bmargin at screen 0.10645; set tmargin at screen 0.84516
  set logscale x
  set xrange [53.1601703:167.637778]
  set xtics nomirror ("70 %%" 70, "100 %%" 100, "150 %%" 150)
  unset logscale y
  set yrange [62.4684124:107.445988]
  set ytics nomirror ("70 %%" 70, "80 %%" 80, "90 %%" 90, "100 %%" 100)
  set grid xtics ytics
  set xlabel "point reads: p95 latency, % of the control's" offset 0,0.2
  set ylabel "bytes stored, % of the control's" offset 0.5,0
  set object 1 rectangle from first 110, graph 0 to graph 1, graph 1 behind fillcolor rgb "#faf1ec" fillstyle solid noborder
  set arrow 1 from first 110, graph 0 to first 110, graph 1 nohead linecolor rgb "#b04000" linewidth 1.5 dashtype 2
  set label 1 "guardrail +10 %" at first 110, graph 0.985 right rotate by 90 offset character 1.0,0 textcolor rgb "#b04000"
  plot "frontier.csv" index 4 every ::1 using 1:2 with lines linecolor rgb "#b4b4b4" linewidth 3, \
    "frontier.csv" index 3 every ::1 using 1:2:3:4 with vectors nohead linecolor rgb "#b0b0b0" linewidth 1, \
    "frontier.csv" index 1 every ::1 using 5:2:6:(0):4 with vectors nohead linewidth 2 linecolor rgb variable, \
    "frontier.csv" index 1 every ::1 using 1:2:3:4 with points pointtype variable pointsize 1.5*marker linewidth 2/marker linecolor rgb variable, \
    "frontier.csv" index 1 every ::1 using 1:2:7:4 with points pointtype variable pointsize 0.5*marker linewidth 2/marker linecolor rgb variable, \
    "frontier.csv" index 5 every ::1 using 1:2 with points pointtype 6 pointsize 3*marker linewidth 1.5 linecolor rgb "#202020", \
    "frontier.csv" index 2 every ::1 using 1:2:3 with labels left, \
    "frontier.csv" index 2 every ::1 using 1:2:4 with labels right
  unset multiplot
  unset output
}
