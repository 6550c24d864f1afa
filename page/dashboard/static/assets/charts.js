// Charts as SVG, each with the same numbers as a table. Colours come from the style sheet; nothing is told by colour alone.

const SVG = 'http://www.w3.org/2000/svg';
const number = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const told = count => (count === undefined ? '–' : number.format(count));

/** Where there is little room, charts are drawn narrower, so that their letters stay large. */
export const narrow = matchMedia('(max-width: 36rem)');
const room = () => (narrow.matches ? 340 : 720);

export const dayName = day => date.format(new Date(`${day}T00:00:00Z`));

/** An element with attributes and children. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A chart under its title, and its numbers in a table that opens. */
function figure(title, summary, picture, head, rows) {
  const cell = (text, place) => (place === 0 ? element('th', { scope: 'row' }, text) : element('td', {}, text));
  const table = element('table', {},
    element('caption', { class: 'hidden' }, title),
    element('thead', {}, element('tr', {}, ...head.map(text => element('th', { scope: 'col' }, text)))),
    element('tbody', {}, ...rows.map(row => element('tr', {}, ...row.map(cell)))));
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', `${title}. ${summary}`);
  // What scrolls is reached by keyboard too.
  const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}: table` }, table);
  return element('figure', {}, element('figcaption', {}, element('h2', {}, title), element('p', { class: 'hint' }, summary)), picture,
    element('details', {}, element('summary', {}, 'As a table'), scroll));
}

/** Round steps from nothing to at least `most`, about four of them. */
export function steps(most) {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find(factor => factor * power >= rough) * power);
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, place) => place * step);
}

/** Numbers over days: a line, broken where nothing is told, with a point for each day that is. */
export function timeSeries(title, days) {
  const [width, height, left, top, bottom] = [room(), 280, 48, 12, 32];
  const known = days.filter(([, count]) => count !== undefined);
  const marks = steps(Math.max(0, ...known.map(([, count]) => count)));
  const x = place => left + (width - left - 16) * (days.length > 1 ? place / (days.length - 1) : 0.5);
  const y = count => height - bottom - (height - top - bottom) * (count / marks.at(-1));
  const picture = shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart' });
  for (const mark of marks) {
    picture.append(shape('line', { x1: left, x2: width - 16, y1: y(mark), y2: y(mark), class: 'grid' }),
      shape('text', { x: left - 8, y: y(mark) + 5, 'text-anchor': 'end' }, short.format(mark)));
  }
  const every = Math.ceil(days.length / (width / 90));
  days.forEach(([day], place) => {
    if (place % every === 0) picture.append(shape('text', { x: x(place), y: height - 8, 'text-anchor': 'middle' }, dayName(day)));
  });
  for (const run of runs(days)) {
    const points = run.map(([place, count]) => `${x(place).toFixed(1)},${y(count).toFixed(1)}`);
    const [first, last] = [x(run[0][0]), x(run.at(-1)[0])].map(at => at.toFixed(1));
    picture.append(shape('polygon', { points: `${first},${y(0)} ${points.join(' ')} ${last},${y(0)}`, class: 'area' }), shape('polyline', { points: points.join(' '), class: 'line' }));
    for (const [place, count] of run) {
      picture.append(shape('circle', { cx: x(place).toFixed(1), cy: y(count).toFixed(1), r: (days.length * 18) / width > 1 ? 2.5 : 4, class: 'point' }, shape('title', {}, `${dayName(days[place][0])}: ${number.format(count)}`)));
    }
  }
  const best = known.reduce((best, one) => (one[1] > (best?.[1] ?? -1) ? one : best), undefined);
  const summary = best ? `${number.format(known.reduce((sum, [, count]) => sum + count, 0))} in ${known.length} days with numbers; most on ${dayName(best[0])}: ${number.format(best[1])}.` : 'No numbers.';
  return figure(title, summary, picture, ['Day', 'Number'], days.map(([day, count]) => [day, told(count)]));
}

/** Days in a row that have numbers, each with its place. */
function runs(days) {
  const found = [];
  days.forEach(([, count], place) => {
    if (count === undefined) return;
    if (place === 0 || days[place - 1][1] === undefined) found.push([]);
    found.at(-1).push([place, count]);
  });
  return found;
}

/** Numbers by value: bars from left to right, the name above each, so that long names fit on a telephone. */
export function bars(title, values, most = 40) {
  const shown = values.slice(0, most);
  const [width, row] = [room(), 46];
  const largest = Math.max(1, ...shown.map(([, count]) => count));
  const picture = shape('svg', { viewBox: `0 0 ${width} ${Math.max(1, shown.length) * row}`, class: 'chart bars' });
  shown.forEach(([name, count], place) => {
    const y = place * row;
    picture.append(shape('text', { x: 0, y: y + 16 }, name), shape('text', { x: width, y: y + 16, 'text-anchor': 'end', class: 'count' }, number.format(count)),
      shape('rect', { x: 0, y: y + 23, width, height: 14, rx: 3, class: 'rail' }), shape('rect', { x: 0, y: y + 23, width: Math.max(2, width * count / largest).toFixed(1), height: 14, rx: 3, class: 'bar' }));
  });
  const rest = values.length - shown.length;
  const first = values.length ? `${values.length} values; most: ${values.reduce((best, one) => (one[1] > best[1] ? one : best))[0]}.` : 'No numbers.';
  return figure(title, rest > 0 ? `${first} The table has ${rest} more.` : first, picture, ['Value', 'Number'], values.map(([name, count]) => [name, told(count)]));
}

/** Steps of a way, each as wide as many take it. A certificate may be fetched and verified often, so a later step may be the wider one. */
export function funnel(title, stages) {
  const [width, row] = [room(), 74];
  const largest = Math.max(1, ...stages.map(([, count]) => count ?? 0));
  const picture = shape('svg', { viewBox: `0 0 ${width} ${stages.length * row}`, class: 'chart funnel' });
  const wide = count => Math.max(0.02, (count ?? 0) / largest) * width;
  stages.forEach(([name, count], place) => {
    const [y, here, next] = [place * row, wide(count), wide(stages[place + 1]?.[1] ?? count)];
    const points = [[width / 2 - here / 2, y + 26], [width / 2 + here / 2, y + 26], [width / 2 + next / 2, y + row], [width / 2 - next / 2, y + row]];
    picture.append(shape('polygon', { points: points.map(point => point.map(at => at.toFixed(1)).join(',')).join(' '), class: `stage stage${place}` }),
      shape('text', { x: width / 2, y: y + 18, 'text-anchor': 'middle', class: 'count' }, `${name}: ${told(count)}`));
  });
  const summary = stages.map(([name, count]) => `${name} ${told(count)}`).join(', ');
  return figure(title, `${summary}. One certificate may be fetched and verified many times.`, picture, ['Step', 'Number'], stages.map(([name, count]) => [name, told(count)]));
}

/** Totals, as a list. */
export function tiles(totals) {
  return element('dl', { class: 'tiles' }, ...totals.map(([name, count]) => element('div', {}, element('dt', {}, name), element('dd', {}, told(count)))));
}
