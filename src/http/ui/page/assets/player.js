// The upload's player: the outline of the deleted video's picture, the playhead on the timeline, jumps between spans; and
// key frames where the browser cannot play the file.

const FRAME_S = 1 / 25;

export function clock(seconds) {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  const whole = Math.floor(tenths / 10);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}.${tenths % 10}`;
}

export function player(main) {
  const stage = main.querySelector("[data-stage]");
  const shown = main.querySelector("[data-player]");
  const video = shown instanceof HTMLMediaElement ? shown : null;
  const sound = shown instanceof HTMLAudioElement;
  const pictures = main.querySelector("[data-pictures]");
  const outline = main.querySelector("[data-outline]");
  const time = main.querySelector("[data-clock]");
  const timeline = main.querySelector("[data-timeline]");
  const spans = timeline ? JSON.parse(timeline.dataset.spans) : [];
  const uploadS = timeline ? Number(timeline.dataset.uploadS) : 0;
  const heads = [main.querySelector("[data-playhead]"), main.querySelector("[data-playhead-low]")];
  let current = null;

  const at = () => (video ? video.currentTime : 0);
  const active = () => spans.find((span) => !video || (at() >= span.upload[0] - 0.05 && at() <= span.upload[1] + 0.05));

  // Position of the picture within the stage; its aspect ratio may leave room at the sides.
  function fit() {
    const width = video ? video.videoWidth : shown?.naturalWidth;
    const height = video ? video.videoHeight : shown?.naturalHeight;
    if (!width || !height) return (outline.style.display = "none");
    const room = stage.getBoundingClientRect();
    const scale = Math.min(room.width / width, room.height / height);
    const [w, h] = [width * scale, height * scale];
    Object.assign(outline.style, { display: "", left: `${(room.width - w) / 2}px`, top: `${(room.height - h) / 2}px`, width: `${w}px`, height: `${h}px` });
  }

  function paint() {
    if (time) time.textContent = clock(at());
    const span = active();
    if (span !== current) {
      current = span;
      const points = span ? span.quad.map((corner) => corner.join(",")) : [];
      for (const polygon of outline.querySelectorAll("polygon")) polygon.setAttribute("points", points.join(" "));
      outline.querySelector("polyline").setAttribute("points", points.slice(0, 2).join(" "));
    }
    if (!timeline || !video) return;
    const whole = video.duration || uploadS;
    heads[0].hidden = !whole;
    heads[0].style.left = `${(at() / whole) * 100}%`;
    heads[1].hidden = !span;
    if (span) {
      const share = (at() - span.upload[0]) / Math.max(0.01, span.upload[1] - span.upload[0]);
      const deleted = span.deleted[0] + (span.deleted[1] - span.deleted[0]) * Math.min(1, Math.max(0, share));
      heads[1].style.left = `${(deleted / Number(span.deleted_s)) * 100}%`;
    }
  }

  function loop() {
    paint();
    if (video && !video.paused) requestAnimationFrame(loop);
  }

  const seek = (seconds) => {
    if (!video) return;
    video.currentTime = Math.max(0, Math.min(video.duration || seconds, seconds));
    paint();
  };

  async function showPictures() {
    if (!pictures) return;
    if (video) video.hidden = true;
    pictures.hidden = false;
    const say = (text) => {
      const line = document.createElement("p");
      line.textContent = text;
      pictures.replaceChildren(line);
    };
    say("This browser cannot play the file. Extracting key frames …");
    try {
      const answer = await fetch(`/review/cases/${main.dataset.case}/pictures${main.dataset.of ? `?of=${main.dataset.of}` : ""}`, { headers: { accept: "application/json" } });
      const found = await answer.json();
      if (!answer.ok) return say(found.detail);
      if (!found.pictures.length) return say("No frame could be decoded.");
      const figures = found.pictures.map(picture);
      // Shown together once all are decoded, so that the layout does not shift.
      await Promise.allSettled(figures.map((figure) => figure.querySelector("img").decode()));
      pictures.replaceChildren(...figures);
    } catch {
      say("The service cannot be reached. Reload the page.");
    }
  }

  function picture({ time_s, jpeg }) {
    const bytes = Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0));
    const figure = document.createElement("figure");
    const image = document.createElement("img");
    image.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    image.alt = `Frame at ${clock(time_s)}`;
    const caption = document.createElement("figcaption");
    caption.textContent = clock(time_s);
    const within = spans.some((span) => time_s >= span.upload[0] && time_s <= span.upload[1]);
    figure.classList.toggle("on", within);
    figure.append(image, caption);
    return figure;
  }

  if (video) {
    for (const kind of ["play", "seeked", "timeupdate", "loadeddata"]) video.addEventListener(kind, loop);
    video.addEventListener("loadedmetadata", () => {
      fit();
      // A file without a video track gets key frames, unless it is audio.
      if (!video.videoWidth && !sound) return showPictures();
      if (spans.length && !video.currentTime && spans[0].upload[0] > 0.1) seek(spans[0].upload[0]);
      paint();
    });
    video.addEventListener("error", showPictures);
    if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) showPictures();
    else if (video.readyState >= HTMLMediaElement.HAVE_METADATA) {
      fit();
      if (!video.videoWidth && !sound) showPictures();
      else if (spans.length && spans[0].upload[0] > 0.1) seek(spans[0].upload[0]);
    }
  } else if (shown) {
    shown.addEventListener("load", () => (fit(), paint()));
    fit();
  } else if (pictures?.hasAttribute("data-at-once")) {
    showPictures();
  }
  new ResizeObserver(fit).observe(stage);
  paint();

  for (const button of main.querySelectorAll("[data-seek]")) {
    button.addEventListener("click", () => seek(Number(button.dataset.seek)));
  }
  timeline?.querySelector(".tracks").addEventListener("click", (event) => {
    const room = event.currentTarget.getBoundingClientRect();
    seek(((event.clientX - room.left) / room.width) * (video?.duration || uploadS));
  });
  main.querySelector("[data-show-outline]")?.addEventListener("change", (event) => {
    stage.classList.toggle("no-outline", !event.target.checked);
  });
  main.querySelector("[data-show-grey]")?.addEventListener("change", (event) => {
    stage.classList.toggle("grey", event.target.checked);
  });

  const starts = spans.map((span) => span.upload[0]).sort((a, b) => a - b);
  return {
    video,
    toggle: () => video && (video.paused ? video.play() : video.pause()),
    pause: () => video?.pause(),
    before: () => seek(starts.filter((start) => start < at() - 0.5).pop() ?? starts[0] ?? 0),
    behind: () => seek(starts.find((start) => start > at() + 0.05) ?? at()),
    step: (frames) => {
      video?.pause();
      seek(at() + frames * FRAME_S);
    },
  };
}
