#!/bin/bash
# Draws the sample clips with ffmpeg alone: six "deleted" videos and two innocent ones, each a scene of its own.
#
#   samples/make.sh [FOLDER]        (default: the folder of this script)
#
# Every "random" number is a hash of its place, and filters and encoder run in one thread, so one ffmpeg version draws
# nearly the same pictures again: of two runs some clips differed slightly (46 dB at the least), for a reason not found.
# The clips are committed; run this only to change them.
set -euo pipefail

out=$(realpath -m "${1:-$(dirname "$0")}")
mkdir -p "$out"
stills=$(mktemp -d)
trap 'rm -rf "$stills"' EXIT
cd "$stills"
font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
rate=15

ff() { ffmpeg -nostdin -v error -y -threads 1 -filter_threads 1 -filter_complex_threads 1 "$@"; }

# still NAME WIDTH HEIGHT R G B [A]: one picture from geq expressions of X and Y.
still() {
    local expression="r='$4':g='$5':b='$6'"
    local format=gbrp
    if [ -n "${7:-}" ]; then expression="$expression:a='$7'" format=gbrap; fi
    ff -f lavfi -i "color=black:s=$2x$3:r=1:d=1,format=$format,geq=$expression" -frames:v 1 -update 1 "$1.png"
}

# clouds NAME WIDTH HEIGHT SEED [STRETCH]: grey fractal noise, six octaves; STRETCH > 1 draws it out sideways.
clouds() {
    local inputs=() chain='' labels='' k=0 cells=10 w h
    for _ in 1 2 3 4 5 6; do
        w=$((cells / ${5:-1} + 2)) h=$((cells * $3 / $2 + 2))
        inputs+=(-f lavfi -i "color=black:s=${w}x$h:r=1:d=1,format=gray,geq=lum='255*mod(abs(sin(X*12.9898+Y*78.233+$4+$k)*43758.5453),1)'")
        # In two steps: one step of more than about 60 times leaves hard edges.
        chain+="[$k]scale=$(($2 / 8)):$(($3 / 8)):flags=bicubic,scale=$2:$3:flags=bicubic[n$k];"
        labels+="[n$k]"
        k=$((k + 1)) cells=$((cells * 2))
    done
    ff "${inputs[@]}" -filter_complex "$chain${labels}mix=inputs=6:weights='26 18 13 10 8 6',eq=contrast=2.3" \
        -frames:v 1 -update 1 "$1.png"
}

# tint NAME FROM R G B: colours a grey picture; R G B are expressions of val.
tint() { ff -i "$2.png" -vf "format=rgb24,lutrgb=r='$3':g='$4':b='$5'" -frames:v 1 -update 1 "$1.png"; }

# film NAME SECONDS GRAPH STILL...: the stills, repeated, through a graph that ends in [v].
film() {
    local name=$1 seconds=$2 graph=$3 inputs=()
    shift 3
    for picture in "$@"; do inputs+=(-loop 1 -framerate "$rate" -i "$picture.png"); done
    ff "${inputs[@]}" -filter_complex "$graph;[v]setsar=1[square]" -map '[square]' -t "$seconds" -r $rate -an -c:v libx264 -preset medium \
        -crf 25 -g 60 -pix_fmt yuv420p -x264-params threads=1:lookahead-threads=1:sliced-threads=0 -bitexact -movflags +faststart "$out/$name.mp4"
    echo "$name.mp4: $(stat -c %s "$out/$name.mp4") bytes"
}

# glyph CHARACTER SIZE COLOUR X Y: a filter that draws one sign of the font.
glyph() { echo "drawtext=fontfile=$font:text='$1':fontsize=$2:fontcolor=$3:x='$4':y='$5'"; }

harbour() {
    clouds air 720 170 3 2
    clouds waves 900 130 11 6
    clouds stone 120 190 5
    tint sky air '120+val*0.55' '70+val*0.5' '90+val*0.25'
    tint sea waves 'val*0.35' '30+val*0.45' '55+val*0.5'
    # Hull below, two sails above, each with seams.
    local hull='gt(Y,78)*lt(abs(X-60),58-(Y-78)*1.2)*lt(Y,98)'
    local main='lt(Y,75)*gt(X,62)*lt(X,62+(Y-4)*0.62)' jib='lt(Y,75)*lt(X,57)*gt(X,57-(Y-14)*0.7)'
    still boat 120 100 "if($hull,120+40*mod(floor(Y/5),2),235-50*lt(mod(Y,13),2))" \
        "if($hull,40,225-90*lt(mod(Y+X/3,13),2))" "if($hull,30,200-90*lt(mod(Y,13),2)*gt(X,60))" \
        "255*min(1,$hull+$main+$jib+lt(abs(X-60),2)*lt(Y,80))"
    local tower='lt(abs(X-60),11+Y*0.08)*gt(Y,22)' lamp='lt(hypot(X-60,Y-14),11)'
    still light 120 190 "if($lamp,255,if($tower,225,70))" "if($lamp,230,if($tower,225*mod(floor(Y/22),2)+25,62))" \
        "if($lamp,120,if($tower,200*mod(floor(Y/22),2)+25,58))" "255*min(1,$lamp+$tower+gt(Y,140+20*sin(X/9)+abs(X-60)/3))"
    film harbour 9 "
        [0]crop=480:170:'t*14':0,pad=480:270[back];
        [1]crop=480:110:'210+200*sin(t/3)':'8+7*sin(t*1.7)'[water];[back][water]overlay=0:160[a];
        [2]split[b1][b2];[b2]hflip,scale=70:-1[far];
        [3]format=gbrp[tc];[4]format=gbrp[st];[tc][st]blend=all_mode=multiply:all_opacity=0.45,format=rgb24[rough];[5]alphaextract[shape];
        [rough][shape]alphamerge[tower];[a][tower]overlay=345:38[b];
        [b][far]overlay='380-t*22':'122+2*sin(t*2)'[c];[c][b1]overlay='-70+t*48':'112+5*sin(t*1.6)',
        $(glyph ☀ 64 0xffe9a0 '60+t*3' '18+t*4')[v]" sky sea boat light stone light
}

city() {
    clouds smog 480 270 21
    tint night smog '8+val*0.18' '10+val*0.16' '38+val*0.35'
    local hash='mod(abs(sin(floor(X/52)*91.7+4)*4375.85),1)' far='mod(abs(sin(floor(X/34)*37.1+9)*4375.85),1)'
    local lit='lt(mod(abs(sin(floor(X/9)*12.99+floor(Y/11)*78.23)*43758.5),1),0.43)*between(mod(X,9),2,6)*between(mod(Y,11),3,8)'
    local warm='mod(abs(sin(floor(X/9)*7.1+floor(Y/11)*3.3)*999),1)'
    still near 1300 270 "if($lit,255-60*$warm,24+30*$hash)" "if($lit,215-70*$warm,22+12*$hash)" \
        "if($lit,90+150*$warm,30+25*(1-$hash))" "255*gt(Y,240-165*$hash)*lt(mod(X,52),47)"
    still back 900 270 "60+20*$far" "58+40*lt(mod(X*3+Y*7,19),4)" "95+30*$far" "255*gt(Y,190-120*$far)"
    film city 9 "
        [1]crop=480:270:'20+t*16':0[far];[2]crop=480:270:'40+t*52':0[near];
        [0]$(glyph ☾ 58 0xf4f0d0 '370-t*5' 14),$(glyph ✦ 15 white '90-t*5' 30),$(glyph ✶ 12 white '190-t*5' 60)[sky];
        [sky][far]overlay[a];[a]$(glyph ✈ 44 0xd8dce8 '-50+t*64' '66-t*4')[b];[b][near]overlay,
        crop='if(lt(t,5.5),480,300)':270,scale=480:270[v]" night back near
}

chess() {
    clouds grain 640 640 31 9
    clouds knots 640 640 37
    local tone='mod(abs(sin(floor(X/80)*5.3+floor(Y/80)*9.1)*437.5),1)' dark='mod(floor(X/80)+floor(Y/80),2)'
    still squares 640 640 "if($dark,120+30*$tone,225-20*$tone)" "if($dark,70+30*$tone,185-25*$tone)" \
        "if($dark,42+20*$tone,130-20*$tone)"
    local men='' piece
    for piece in ♜:0:0 ♞:1:0 ♝:2:1 ♛:3:0 ♚:5:0 ♟:0:2 ♟:1:3 ♟:4:2 ♟:6:1 ♜:7:0 ♟:7:3; do
        IFS=: read -r sign x y <<<"$piece"
        men+="$(glyph "$sign" 74 0x241a16 "$((x * 80 + 8))" "$((y * 80))"),"
        men+="$(glyph "$sign" 74 0xf6ecd8 "$(((7 - x) * 80 + 6))" "$(((7 - y) * 80 - 4))"):borderw=2:bordercolor=0x403028,"
    done
    film chess 8 "
        [0]format=gbrp[s];[1]format=gbrp[g];[2]format=gbrp[k];[s][g]blend=all_mode=softlight:all_opacity=0.9[w];
        [w][k]blend=all_mode=multiply:all_opacity=0.35,format=rgb24,$men
        $(glyph ♞ 84 0xb02818 '90+t*55' '330-90*abs(sin(t*1.5))'):borderw=2:bordercolor=black,
        $(glyph ♝ 84 0x1c5c8c '560-t*45' '150+t*38'):borderw=2:bordercolor=black,
        perspective=x0=-40:y0=60:x1=600:y1=10:x2=-160:y2=640:x3=800:y3=700:sense=destination,
        rotate='0.12*sin(t*0.8)':c=0x33291f,crop=480:270:'60+40*sin(t)':'if(lt(t,4),90,300)'[v]" squares grain knots
}

mountains() {
    clouds mist 560 270 41 3
    clouds rock 1000 270 43
    tint dawn mist '150+val*0.4' '165+val*0.3' '195+val*0.22'
    local ridge='150-60*sin(X/83)-34*sin(X/31+1)-12*sin(X/11)' low='205-30*sin(X/61+2)-14*sin(X/23)-5*sin(X/5)'
    still far 800 270 "if(lt(Y,$ridge+18+9*sin(X/4)),240,92)" "if(lt(Y,$ridge+18+9*sin(X/4)),244,98)" \
        "if(lt(Y,$ridge+18+9*sin(X/4)),252,122)" "255*gt(Y,$ridge)"
    # Firs: stacked triangles along the lower ridge.
    local fir='lt(abs(mod(X,38)-19),mod(Y+7*floor(X/38),24)*0.55+2)*gt(Y,150+11*mod(floor(X/38)*7,5))'
    still near 1000 270 "if($fir,22,70)" "if($fir,58+14*mod(floor(X/38),3),92)" "if($fir,44,66)" \
        "255*min(1,gt(Y,$low+28)+$fir*gt(mod(floor(X/38)*5,7),1))"
    local snow='' n
    for n in 1 2 3 4 5 6 7 8 9; do
        snow+=",$(glyph ❄ $((12 + n * 7 % 17)) 0xffffff@0.9 "mod($((n * 97))+t*$((9 + n * 5 % 13)),500)-20" "mod($((n * 61))+t*$((34 + n * 11 % 29)),300)-25")"
    done
    film mountains 9 "
        [0]crop=480:270:'t*4':0[s];[1]split[m0][m1];[m0]format=gbrp[mc];[m1]alphaextract[ma];
        [3]crop=800:270:0:0,format=gbrp[r];[mc][r]blend=all_mode=overlay:all_opacity=0.8,format=rgb24[mr];[mr][ma]alphamerge,
        crop=480:270:'t*17':0[mm];[s][mm]overlay[a];
        [2]crop=480:270:'500-t*44':0[f];[a][f]overlay${snow}[v]" dawn far near rock
}

coast() {
    ff -f lavfi -i "mandelbrot=s=1280x720:r=1:start_scale=0.035:end_scale=0.035:maxiter=300:start_x=-0.7453:start_y=-0.1127" \
        -frames:v 1 -update 1 set.png
    clouds sand 1280 720 51
    film coast 8 "
        [0]hue=h=200:s=0.6,eq=gamma=1.5,format=gbrp[m];[1]format=gbrp[n];[m][n]blend=all_mode=softlight:all_opacity=0.8,format=rgb24,split[x][y];
        [x]crop=600:338:'40+t*55':'30+t*30',scale=480:270[p];
        [y]rotate='0.4-t*0.05',crop=400:225:'650-t*30':'380-t*25',scale=480:270,hflip[q];
        [p][q]overlay=enable='gt(t,4.4)',$(glyph ⚓ 46 0xf2e6c0 '380-t*30' '190-14*sin(t*2)'):borderw=2:bordercolor=0x302010[v]" \
        set sand
}

aquarium() {
    clouds water 270 700 61
    clouds gravel 270 480 67
    tint deep water 'val*0.18' '50+val*0.45' '80+val*0.55'
    local body='lt(hypot((X-62)/48,(Y-40)/26),1)' tail='lt(X,26)*lt(abs(Y-40),26-X*0.75)' eye='lt(hypot(X-90,Y-33),5)'
    local scale='lt(hypot(mod(X+6*mod(floor(Y/10),2),12)-6,mod(Y,10)-2),5)'
    still fish 120 80 "if($eye,10,if($scale,250,215)-90*$tail)" "if($eye,10,140-60*mod(floor(X/21),2)+35*$scale)" \
        "if($eye,20,40+30*$scale)" "255*min(1,$body+$tail)"
    local stem='lt(abs(mod(X,45)-22-12*sin(Y/26+floor(X/45))),4+3*abs(sin(Y/9)))*gt(Y,190+70*mod(floor(X/45)*3,4)/3)'
    still weed 300 480 "if($stem,30+50*abs(sin(Y/9)),130)" "if($stem,105+40*sin(Y/9),112)" "if($stem,50,84)" \
        "255*min(1,$stem+gt(Y,440+9*sin(X/17)))"
    local air='' n
    for n in 1 2 3 4 5 6 7; do
        air+=",$(glyph ◯ $((10 + n * 5 % 14)) 0xe0f8ff@0.8 "$((20 + n * 83 % 230))+7*sin(t*3+$n)" "500-mod($((n * 71))+t*$((40 + n * 9)),540)")"
    done
    film aquarium 9 "
        [0]crop=270:480:0:'100+90*sin(t/2)'[w];[3]format=gbrp[g];
        [2]split[k0][k1];[k0]format=gbrp,crop=270:480:0:0[kc];[k1]alphaextract,crop=270:480:0:0[ka];
        [kc][g]blend=all_mode=overlay:all_opacity=0.6,format=rgb24[kr];[kr][ka]alphamerge[weed];
        [1]split=3[f1][f2][f3];[f2]hflip,hue=h=190,scale=84:-1[small];[f3]hue=h=70,scale=150:-1[large];
        [w][small]overlay='280-t*44':'70+12*sin(t*2)'[a];[a][f1]overlay='-120+t*46':'190+20*sin(t)'[b];
        [b][weed]overlay='3*sin(t*2)':0[c];[c][large]overlay='250-t*50':'300-t*9'${air}[v]" deep fish weed gravel
}

# Innocent: a colony on old paper.
colony() {
    clouds fibre 480 270 71 3
    tint paper fibre '165+val*0.32' '150+val*0.3' '110+val*0.28'
    ff -f lavfi -i "life=s=96x54:r=5:seed=7:ratio=0.24:mold=12:life_color=#7a1f3d:death_color=#e8d9a8:mold_color=#2f6f6a" \
        -t 8 -vf "scale=480:270:flags=bicubic,fps=$rate" -c:v ffv1 cells.mkv
    ff -loop 1 -framerate $rate -i paper.png -i cells.mkv -filter_complex "
        [0]format=gbrp[p];[1]format=rgb24,rotate='0.05*t':c=0xe8d9a8,format=gbrp[c];[p][c]blend=all_mode=multiply,format=rgb24,
        $(glyph ✿ 90 0xc8506a@0.9 '30+t*26' '150-40*sin(t)'),$(glyph ❧ 120 0x3a4a30 '380-t*12' '60+t*9'),setsar=1[v]" \
        -map '[v]' -t 8 -r $rate -c:v libx264 -preset medium -crf 29 -g 60 -pix_fmt yuv420p -x264-params threads=1:lookahead-threads=1:sliced-threads=0 \
        -bitexact -movflags +faststart "$out/colony.mp4"
    echo "colony.mp4: $(stat -c %s "$out/colony.mp4") bytes"
}

# Innocent: a stained-glass window with a passing shadow.
window() {
    clouds glass 400 700 81
    # The nearest of nine jittered points around each cell; lead where two are about equally near.
    local near="st(0,9999);st(1,9999);st(2,0);st(3,0);while(lt(ld(3),9),
        st(4,floor(X/58)+mod(ld(3),3)-1);st(5,floor(Y/58)+floor(ld(3)/3)-1);
        st(6,mod(abs(sin(ld(4)*127.1+ld(5)*311.7)*43758.5),1));st(7,mod(abs(sin(ld(4)*269.5+ld(5)*183.3)*43758.5),1));
        st(8,hypot(X-58*(ld(4)+ld(6)),Y-58*(ld(5)+ld(7))));
        if(lt(ld(8),ld(0)),st(1,ld(0));st(0,ld(8));st(2,ld(6)),if(lt(ld(8),ld(1)),st(1,ld(8))));st(3,ld(3)+1));"
    still panes 400 700 "$near if(lt(ld(1)-ld(0),6),18,60+190*ld(2))" \
        "$near if(lt(ld(1)-ld(0),6),16,50+180*abs(sin(ld(2)*9)))" "$near if(lt(ld(1)-ld(0),6),20,70+170*abs(cos(ld(2)*5)))"
    film window 8 "
        [0]format=gbrp[p];[1]format=gbrp[g];[p][g]blend=all_mode=softlight,format=rgb24,crop=270:480:'60+50*sin(t*0.9)':'t*24',
        $(glyph ☂ 150 0x15121c@0.85 '-140+t*52' '250+8*sin(t*5)'),$(glyph ♣ 60 0x0c2a12@0.85 '210-t*9' '60+t*20')[v]" \
        panes glass
}

for scene in ${SCENES:-harbour city chess mountains coast aquarium colony window}; do "$scene"; done
