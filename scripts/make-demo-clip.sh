#!/bin/sh
# Makes pkg/push/demo.flv, the clip that `sluice demo` publishes in a loop.
# Needs ffmpeg with libx264 and the font DejaVu Sans (fonts-dejavu-core).
#
# Everything in it has a period of ten seconds, so that the end runs into the
# beginning: the colours and the progress bar by their formulas; the sound
# because each tone is a multiple of 187.5 Hz (256 samples at 48 kHz). Ten
# seconds are 468.75 AAC frames, so a loop plays 468 or 469 of them, and both
# are a whole number of 256-sample periods away from where they should be.
set -eu

cd "$(dirname "$0")/.."
out=${1:-pkg/push/demo.flv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fonts=/usr/share/fonts/truetype/dejavu
bold=$fonts/DejaVuSans-Bold.ttf
sans=$fonts/DejaVuSans.ttf
mono=$fonts/DejaVuSansMono.ttf
for font in "$bold" "$sans" "$mono"; do
	[ -r "$font" ] || { echo "$font: missing; apt-get install fonts-dejavu-core" >&2; exit 1; }
done

# The backdrop: three slow waves of colour, drawn small and scaled up.
turn='2*PI*T/10'
wave1="sin($turn+3*X/W+2*Y/H)"
wave2="sin(2*$turn-4*X/W+1.5*sin($turn+3*Y/H))"
wave3="sin($turn+5*hypot(X/W-0.5-0.3*cos($turn),Y/H-0.5-0.3*sin($turn)))"
backdrop="geq=r='60+30*$wave1+28*$wave3':g='66+26*$wave2+22*$wave3':b='128+46*$wave1+38*$wave2'"

title="drawtext=fontfile=$bold:text=Sluice:fontsize=92:fontcolor=white:x=(w-tw)/2:y=84:shadowcolor=black@0.35:shadowx=0:shadowy=3"
line="drawtext=fontfile=$sans:text='RTMP in   ·   HLS and DASH out':fontsize=24:fontcolor=white@0.85:x=(w-tw)/2:y=196"
clock="drawtext=fontfile=$mono:text='%{eif\:floor(t+0.001)\:d\:2}.%{eif\:mod(floor(100*t+0.1)\,100)\:d\:2}':fontsize=44:fontcolor=white:x=(w-tw)/2:y=252:box=1:boxcolor=black@0.25:boxborderw=12"

ffmpeg -nostdin -hide_banner -loglevel error -y \
	-f lavfi -i "color=s=320x180:r=30:d=10,format=gbrp,$backdrop,scale=640:360:flags=bicubic:out_color_matrix=bt709:out_range=tv,format=yuv420p" \
	-f lavfi -i "color=c=0x7fe3ff:s=640x6:r=30:d=10,format=yuv420p" \
	-filter_complex "[0]$title,$line,${clock}[text];[text][1]overlay=x='-W+W*(t+1/30)/10':y=H-h,format=yuv420p[v]" \
	-map '[v]' -frames:v 300 -c:v libx264 -preset veryslow -profile:v high -level 3.0 \
	-crf 20 -maxrate 700k -bufsize 1400k \
	-x264-params keyint=60:min-keyint=60:scenecut=0:open-gop=0:bframes=2:b-adapt=0:b-pyramid=none:stitchable=1:threads=1 \
	-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
	-fflags +bitexact -flags:v +bitexact "$work/video.mp4"

# A soft chord; each voice swells and fades in its own time. Three loops are
# encoded and the middle one is kept, so that the encoder, too, is in the
# state at the beginning that it has at the end.
voice() { # frequency, level, swells in ten seconds, phase of the swell
	echo "$2*sin(2*PI*$1*t)*(0.55-0.45*cos(2*PI*($3*t/10+$4)))"
}
left="$(voice 187.5 0.15 1 0.00)+$(voice 375 0.09 2 0.30)+$(voice 562.5 0.065 1 0.55)+$(voice 750 0.045 3 0.10)+$(voice 937.5 0.030 2 0.75)"
right="$(voice 187.5 0.15 1 0.10)+$(voice 375 0.09 2 0.45)+$(voice 562.5 0.065 1 0.40)+$(voice 750 0.045 3 0.35)+$(voice 937.5 0.030 2 0.60)"
ffmpeg -nostdin -hide_banner -loglevel error -y \
	-f lavfi -i "aevalsrc=exprs='$left|$right':s=48000:d=30" \
	-c:a aac -profile:a aac_low -b:a 96k -fflags +bitexact -flags:a +bitexact "$work/sound.mp4"
ffmpeg -nostdin -hide_banner -loglevel error -y -i "$work/sound.mp4" -c copy \
	-bsf:a 'noise=drop=lt(n\,469)+gt(n\,937),setts=ts=N*1024' "$work/loop.mp4"

ffmpeg -nostdin -hide_banner -loglevel error -y -i "$work/video.mp4" -i "$work/loop.mp4" \
	-map 0:v -map 1:a -c copy -map_metadata -1 -fflags +bitexact "$out"
ls -l "$out"
