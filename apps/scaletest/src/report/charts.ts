/** Charts as inline SVG: no script, no font, no request. */
export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 28;
const TOP = 30;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Lines over a common axis. @param mark where a vertical line is drawn */
export function lineChart(
  title: string,
  series: readonly Series[],
  axes: { x: string; y: string; mark?: number | undefined },
): string {
  const points = series.flatMap((line) => line.points);
  const maxX = Math.max(1, ...points.map(({ x }) => x));
  const maxY = niceCeiling(Math.max(0, ...points.map(({ y }) => y)));
  const toX = (x: number): number => LEFT + (x / maxX) * (WIDTH - LEFT - 12);
  const toY = (y: number): number => HEIGHT - BOTTOM - (y / maxY) * (HEIGHT - BOTTOM - TOP);
  const lines = series.map(({ color, points: list }) => {
    const path = list.map(({ x, y }) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
  });
  const legend = series.map(
    ({ name, color }, index) =>
      `<text x="${LEFT + 8 + index * 150}" y="14" fill="${color}">${escapeHtml(name)}</text>`,
  );
  const mark =
    axes.mark === undefined
      ? ''
      : `<line x1="${toX(axes.mark)}" x2="${toX(axes.mark)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#c00" stroke-dasharray="4 3"/>`;
  return figure(title, [
    ...grid(maxY, toY),
    ...legend,
    ...lines,
    mark,
    `<text x="${WIDTH - 12}" y="${HEIGHT - 6}" text-anchor="end">${escapeHtml(`${Math.round(maxX)} ${axes.x}`)}</text>`,
    `<text x="4" y="14">${escapeHtml(axes.y)}</text>`,
  ]);
}

/** One bar a value, with its name and number; said to be none where there is none. */
export function barChart(title: string, values: Readonly<Record<string, number>>, unit: string): string {
  const entries = Object.entries(values).filter(([, value]) => value > 0);
  const max = Math.max(1e-9, ...entries.map(([, value]) => value));
  const rowHeight = 22;
  const rows = entries.map(([name, value], index) => {
    const y = TOP + index * rowHeight;
    const width = (value / max) * (WIDTH - 260);
    return (
      `<text x="130" y="${y + 13}" text-anchor="end">${escapeHtml(name)}</text>` +
      `<rect x="138" y="${y}" width="${width.toFixed(1)}" height="16" fill="#4a7bb5"/>` +
      `<text x="${(146 + width).toFixed(1)}" y="${y + 13}">${value} ${escapeHtml(unit)}</text>`
    );
  });
  if (rows.length === 0) rows.push(`<text x="8" y="${TOP - 12}">none</text>`);
  return figure(title, rows, TOP + entries.length * rowHeight + 8);
}

function grid(maxY: number, toY: (y: number) => number): string[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = toY(maxY * share).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH - 12}" y1="${y}" y2="${y}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y}" text-anchor="end">${Number((maxY * share).toPrecision(3))}</text>`;
  });
}

function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * magnitude).find((step) => step >= value) ?? value;
}

function figure(title: string, content: readonly string[], height = HEIGHT): string {
  return `<figure><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${content.join('')}</svg></figure>`;
}
