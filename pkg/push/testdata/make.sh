#!/bin/sh
# Makes the clips in this directory with ffmpeg.
set -eu
cd "$(dirname "$0")"
ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }
exact="-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1"
source="-f lavfi -i testsrc2=s=96x64:r=25:d=2 -f lavfi -i sine=f=440:r=44100:d=2 -pix_fmt yuv420p"
x264="-c:v libx264 -crf 40 -x264-params keyint=25:scenecut=0:bframes=3:b-adapt=0:threads=1"
ff $source $x264 -c:a aac -b:a 24k $exact clip.mp4
ff -i clip.mp4 -c copy $exact -movflags negative_cts_offsets signed.mp4
ff -i clip.mp4 -c copy $exact -movflags frag_keyframe+delay_moov+default_base_moof fragmented.mp4
ff -i clip.mp4 -c copy $exact clip.flv
ff -i clip.mp4 -c copy -an $exact silent.flv
ff -i clip.mp4 -c copy -vn $exact dark.flv
ff $source -t 0.2 -c:v flv1 -an $exact sorenson.flv
ff $source -t 0.2 -vn -c:a libmp3lame -b:a 32k $exact mp3.flv
ff $source -t 0.2 -c:v mpeg4 -b:v 20k -an $exact mpeg4.mp4
ff $source -t 0.2 -vn -c:a libmp3lame -b:a 32k $exact mp3.mp4
