// A message with every byte as it was: as text or as hex, tinted by part, faults marked, with a cursor.
//
// A cell is one byte, or the bytes of one UTF-8 character in the text; `cell.at` is its first offset. Everything
// from the wire becomes text by textContent.

import { bytes, notKept, omitted, place, said, word } from './words.js';

const CONTROL = { 0: 'NUL', 9: 'TAB', 10: 'LF', 13: 'CR', 27: 'ESC', 127: 'DEL' };
const decoder = new TextDecoder('utf-8', { fatal: true });

export const element = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

export const hex = (octet) => octet.toString(16).padStart(2, '0');

/** A message's view: `node` to show, `move` for keys. `onCell` is told of the cell under the cursor. */
export class Message {
  constructor(kind, message, view, glossary, onCell) {
    Object.assign(this, { kind, message, view, glossary, onCell });
    this.labels = message.labels.map((label) => ({ ...label, octets: octetsOf(label.hex) }));
    this.cells = [];
    this.rows = [];
    this.at = -1;
    this.node = element('div', `bytes ${view}`);
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', `${word(kind)}, ${bytes(message.total)}`);
    this.node.setAttribute('aria-describedby', 'byte');
    if (view === 'hex') this.drawHex();
    else this.drawText();
    this.drawRest();
    const over = (event) => {
      const index = event.target.dataset?.cell;
      if (index !== undefined) this.point(Number(index));
    };
    this.node.addEventListener('mouseover', over);
    this.node.addEventListener('click', over);
    this.node.addEventListener('focus', () => this.point(Math.max(this.at, 0)));
  }

  cell(label, octets, at, text, className) {
    const cell = element('span', `part-${label.part}${className ? ` ${className}` : ''}`, text);
    cell.dataset.cell = this.cells.length;
    const fault = this.message.faults.find((fault) => fault.start < at + octets.length
      && at < Math.max(fault.end, fault.start + 1));
    if (fault) cell.classList.add(fault.verdict === 'refuse' ? 'refused' : 'noted');
    this.cells.push({ cell, label, octets, at, fault });
    (label.cells ??= []).push(this.cells.at(-1));
    this.rows.at(-1).push(this.cells.length - 1);
    return cell;
  }

  line() {
    const line = element('div', 'line');
    this.node.append(line);
    this.rows.push([]);
    return line;
  }

  drawText() {
    let line = this.line();
    let isEnded = false;
    for (const label of this.labels) {
      let i = 0;
      while (i < label.octets.length) {
        if (isEnded) line = this.line();
        isEnded = false;
        const length = characterLength(label.octets, i);
        const octets = label.octets.slice(i, i + length);
        const [octet] = octets;
        const at = label.start + i;
        if (length > 1) {
          line.append(this.cell(label, octets, at, decoder.decode(new Uint8Array(octets))));
        } else if (octet === 32) {
          const isMark = label.part === 'space' || label.part === 'whitespace';
          line.append(this.cell(label, octets, at, isMark ? '·' : ' '));
        } else if (octet > 32 && octet < 127) {
          line.append(this.cell(label, octets, at, String.fromCharCode(octet)));
        } else {
          line.append(this.cell(label, octets, at, CONTROL[octet] ?? hex(octet), 'control'));
        }
        if (octet === 10) isEnded = true;
        i += length;
      }
      if (label.part === 'blank-line') {
        line.classList.add('blank');
        line.append(element('span', 'remark', said(this.glossary.parts['blank-line'].name)));
      }
      if (label.omitted) line.append(element('span', 'remark', omitted(label.omitted)));
    }
    if (isEnded && this.message.kind === 'request') this.line();
  }

  drawHex() {
    const all = this.labels.flatMap((label) => label.octets.map((octet, i) => ({ label, octet, at: label.start + i })));
    for (let start = 0; start < all.length; start += 16) {
      const line = this.line();
      const row = all.slice(start, start + 16);
      line.append(element('span', 'offset', row[0].at.toString(16).padStart(6, '0')));
      const text = element('span', 'ascii');
      for (const { label, octet, at } of row) {
        const cell = this.cell(label, [octet], at, hex(octet));
        line.append(cell);
        const twin = element('span', cell.className, octet > 31 && octet < 127 ? String.fromCharCode(octet) : '.');
        twin.dataset.cell = cell.dataset.cell;
        text.append(twin);
        this.cells.at(-1).twin = twin;
      }
      for (let i = row.length; i < 16; i += 1) line.append(element('span', 'gap', '  '));
      line.append(text);
    }
    const left = this.labels.reduce((sum, label) => sum + (label.omitted ?? 0), 0);
    if (left) this.line().append(element('span', 'remark', omitted(left)));
  }

  drawRest() {
    const left = this.message.total - this.message.length;
    if (left > 0) this.line().append(element('span', 'remark', notKept(left)));
  }

  /** Puts the cursor on a cell. */
  point(index) {
    const found = this.cells[index];
    if (!found) return;
    const mark = (on) => {
      const now = this.cells[this.at];
      if (!now) return;
      for (const { cell, twin } of now.label.cells) {
        for (const node of [cell, twin]) node?.classList.toggle('same', on);
      }
      for (const node of [now.cell, now.twin]) node?.classList.toggle('cursor', on);
    };
    mark(false);
    this.at = index;
    mark(true);
    this.onCell(this, found);
  }

  /** Where the cursor is, as an offset. */
  offset() { return this.cells[this.at]?.at ?? -1; }

  pointAt(offset) {
    const index = this.cells.findLastIndex((cell) => cell.at <= offset);
    this.point(index);
  }

  /** Marks the bytes of one read or write. */
  piece(offset, count, on) {
    for (const { cell, twin, at } of this.cells) {
      if (at < offset || at >= offset + count) continue;
      for (const node of [cell, twin]) node?.classList.toggle('piece', on);
    }
  }

  /** Outlines the bytes that decided a verdict; whether there are any here. */
  decide(places) {
    for (const found of this.cells) {
      const { octets, at } = found;
      found.decides = places.some(({ start, end }) => start < at + octets.length && at < Math.max(end, start + 1));
    }
    this.cells.forEach(({ cell, twin, decides }, index) => {
      for (const node of [cell, twin]) {
        node?.classList.toggle('deciding', decides);
        node?.classList.toggle('deciding-first', decides && !this.cells[index - 1]?.decides);
        node?.classList.toggle('deciding-last', decides && !this.cells[index + 1]?.decides);
      }
    });
    return this.cells.some((found) => found.decides);
  }

  /** Whether the key was one for the cursor. */
  move(key) {
    const last = this.cells.length - 1;
    const row = this.rows.findIndex((row) => row.includes(this.at));
    const column = row < 0 ? 0 : this.rows[row].indexOf(this.at);
    const beside = (step) => {
      let to = row + step;
      while (this.rows[to] && this.rows[to].length === 0) to += step;
      const cells = this.rows[to];
      return cells ? cells[Math.min(column, cells.length - 1)] : this.at;
    };
    const to = {
      ArrowRight: () => Math.min(this.at + 1, last),
      ArrowLeft: () => Math.max(this.at - 1, 0),
      ArrowDown: () => beside(1),
      ArrowUp: () => beside(-1),
      Home: () => 0,
      End: () => last,
    }[key];
    if (!to) return false;
    this.point(to());
    this.cells[this.at]?.cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    return true;
  }

  /** The status line for a cell: what, where, rule, sentence. */
  explain(found) {
    const { label, octets, at, fault, decides } = found;
    const about = this.glossary.parts[label.part];
    const parts = [
      ['where', `${word(this.kind)} · ${place(at, octets.length)}`],
      ['octets', octets.map(hex).join(' ')],
      ['name', said(about.name)],
      ['sentence', `${said(about.sentence)} (${about.rule})`],
    ];
    if (fault) parts.push(['fault', `${fault.slug}: ${said(fault.sentence)} (${fault.rule})`]);
    if (decides) parts.push(['decides', word('deciding')]);
    return parts;
  }
}

const octetsOf = (digits) => {
  const octets = [];
  for (let i = 0; i < digits.length; i += 2) octets.push(parseInt(digits.slice(i, i + 2), 16));
  return octets;
};

// How many bytes the character at `i` has; 1 where there is no valid one, or none that shows.
const characterLength = (octets, i) => {
  const first = octets[i];
  let length = 1;
  if (first >= 0xf0) length = 4;
  else if (first >= 0xe0) length = 3;
  else if (first >= 0xc2) length = 2;
  if (length === 1 || first > 0xf4) return 1;
  try {
    const text = decoder.decode(new Uint8Array(octets.slice(i, i + length)));
    return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(text) ? length : 1;
  } catch {
    return 1;
  }
};
