// The time × time picture: one hexadecimal pair a cell, row by row, in the colour of the page's accent.

export function draw(figure) {
  const canvas = figure.querySelector("canvas");
  const [columns, rows] = [Number(figure.dataset.columns), Number(figure.dataset.rows)];
  const cells = figure.dataset.plot;
  const paint = () => {
    const colour = getComputedStyle(figure).color.match(/[\d.]+/g).map(Number);
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    for (let cell = 0; cell < columns * rows; cell += 1) {
      const level = parseInt(cells.slice(cell * 2, cell * 2 + 2), 16) || 0;
      image.data.set([colour[0], colour[1], colour[2], level], cell * 4);
    }
    context.putImageData(image, 0, 0);
  };
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}
