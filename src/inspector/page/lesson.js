// The lesson side: the lesson's text, its steps with their ticks, hints, and the verdict on what came last.
//
// It asks when the feed says that there is something new. Texts and names become text by textContent.

import { asking } from './asking.js';
import { element } from './bytes.js';
import * as words from './words.js';

const { word } = words;

/** The panel. `told` is called when there is another verdict, `show` to show an exchange's byte. */
export class Lesson {
  constructor(panel, { told, show, chosen }) {
    Object.assign(this, { panel, told, show, chosen });
    this.above = element('div');
    // It stays where it is, so that what is new in it is read aloud.
    this.verdict = element('section', 'verdict');
    this.verdict.setAttribute('role', 'status');
    this.below = element('div');
    panel.append(this.above, this.verdict, this.below);
    this.learner = '';
    this.shown = null; // what is drawn, and the same as it came
    this.raw = null;
    this.isWhole = false; // whether the lesson's whole text is open
  }

  /** Asks for what there is now. */
  load = asking(async (isStale) => {
    const query = new URLSearchParams({ lang: words.currentLang(), learner: this.learner });
    const response = await fetch(`/lesson.json?${query}`);
    if (!response.ok) return;
    const text = await response.text();
    if (isStale() || text === this.raw) return;
    this.raw = text;
    this.shown = JSON.parse(text);
    this.draw();
    this.told();
  });

  /** Asks as if nothing had been asked before: the language or the learner is another. */
  again() {
    this.raw = null;
    return this.load();
  }

  async post(path, parameters = {}) {
    const query = new URLSearchParams({ learner: this.learner, ...parameters });
    await fetch(`${path}?${query}`, { method: 'POST' });
    // A page that is paused hears of nothing.
    await this.load();
  }

  hint() {
    return this.post('/lesson/hint');
  }

  /** The deciding bytes in one message of an exchange. */
  deciding(exchange, side) {
    if (!this.isAbout(exchange)) return [];
    return this.shown.verdict.reports.flatMap((report) => report.evidence).filter((evidence) => evidence.side === side);
  }

  /** Whether the verdict is on this exchange, or on this line of the list. */
  isAbout(exchange) {
    const verdict = this.shown?.verdict;
    return Boolean(verdict && exchange && verdict.kind !== 'probe'
      && verdict.connection === exchange.connection && verdict.number === exchange.number);
  }

  draw() {
    const { shown, panel } = this;
    const focused = panel.contains(document.activeElement) ? document.activeElement.id : '';
    const scrolled = panel.scrollTop;
    this.above.replaceChildren(
      ...(shown.class ? [this.drawLearners()] : []),
      ...(shown.lesson ? this.drawLesson()
        : [element('p', 'empty', word(shown.learners.length ? 'whichLearner' : 'noLearner'))]),
    );
    this.verdict.replaceChildren(...(shown.verdict ? this.drawVerdict(shown.verdict) : []));
    this.below.replaceChildren(...(shown.lesson ? this.drawRest() : []));
    panel.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  drawLearners() {
    const { learners } = this.shown;
    const made = element('p', 'learners');
    const select = element('select');
    select.id = 'learner';
    select.setAttribute('aria-label', word('learner'));
    const names = learners.includes(this.learner) ? learners : ['', ...learners];
    select.append(...names.map((name) => new Option(name || word('learner'), name)));
    select.value = names.includes(this.learner) ? this.learner : '';
    select.addEventListener('change', () => {
      this.learner = select.value;
      this.chosen();
      this.again();
    });
    const link = element('a', '', word('wholeClass'));
    link.href = `/class#lang=${words.currentLang()}`;
    made.append(select, ' ', link);
    return made;
  }

  drawLesson() {
    const { lesson, lessons, steps } = this.shown;
    const star = (one) => (one.core ? ' ★' : '');
    const heading = element('h2', '', `${lesson.number} · ${lesson.title}${star(lesson)}`);
    const parts = [heading];
    // In a class the learner's own paths choose the lesson.
    if (!this.shown.class) {
      const select = element('select');
      select.id = 'lesson-number';
      select.setAttribute('aria-label', word('lessons'));
      select.append(...lessons.map((one) => new Option(
        `${one.done === one.of ? '✓ ' : ''}${one.number} · ${one.title}${star(one)} ${one.done}/${one.of}`,
        one.number,
      )));
      select.value = lesson.number;
      select.addEventListener('change', () => this.post('/lesson/open', { lesson: select.value }));
      parts.push(select);
    }
    parts.push(...this.text()[0].map(drawBlock), this.drawSteps(steps));
    return parts;
  }

  /** What stands before the first heading, which says what the lesson is about; and the rest. */
  text() {
    const { text } = this.shown;
    const end = text.findIndex((block) => block.kind === 'heading');
    return end < 0 ? [text, []] : [text.slice(0, end), text.slice(end)];
  }

  drawRest() {
    const [, rest] = this.text();
    if (!rest.length) return [];
    const whole = element('details');
    whole.open = this.isWhole;
    whole.addEventListener('toggle', () => { this.isWhole = whole.open; });
    const summary = element('summary', '', word('wholeLesson'));
    summary.id = 'whole-lesson';
    whole.append(summary, ...rest.map(drawBlock));
    return [whole];
  }

  drawSteps(steps) {
    const list = element('ol', 'steps');
    steps.forEach((step, index) => {
      const item = element('li', step.done ? 'done' : '');
      item.append(
        element('span', 'tick', step.done ? '✓' : '·'),
        element('span', 'name', step.name),
        element('span', 'state', step.done ? word('done') : ''),
      );
      if (index === this.shown.step) {
        item.className = 'current';
        item.setAttribute('aria-current', 'step');
        item.append(element('p', 'task', step.task), this.drawHints(step));
      }
      list.append(item);
    });
    if (this.shown.step !== null) return list;
    const made = element('div');
    made.append(list, element('p', 'over', word('lessonDone')));
    return made;
  }

  drawHints(step) {
    const { given, of, ways } = this.shown.hints;
    const made = element('div', 'hints');
    made.append(...given.map((hint) => marked('p', 'hint', `→ ${hint}`)));
    if (ways) {
      for (const way of ['curl', 'nc']) {
        if (step.ways[way]) made.append(element('pre', `way ${way}`, step.ways[way]));
      }
      return made;
    }
    const button = element('button', '', given.length < of ? words.hintOf(given.length + 1, of) : word('showWays'));
    button.id = 'lesson-hint';
    button.addEventListener('click', () => this.hint());
    made.append(button);
    return made;
  }

  drawVerdict(verdict) {
    const parts = [element('h3', '', word('verdict'))];
    for (const report of verdict.reports) {
      const line = element('p', `report ${report.mark}`);
      const step = report.near ? `${report.step} (${report.near})` : report.step;
      const sign = element('strong', '', report.sign);
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', word(report.mark));
      line.append(sign, ' ');
      if (step) line.append(element('span', 'name', step), ' ');
      line.append(...marked('span', '', report.sentence).childNodes);
      if (report.rule) line.append(element('small', '', ` ${report.rule}`));
      parts.push(line);
      const list = element('ul', 'evidence');
      list.append(...report.evidence.map((evidence, index) => this.drawEvidence(verdict, evidence, `${report.step}-${index}`)));
      if (report.evidence.length) parts.push(list);
    }
    return parts;
  }

  drawEvidence(verdict, evidence, key) {
    const item = element('li');
    if (evidence.words) item.append(marked('span', 'wanted', evidence.words), ' ');
    if (evidence.side) {
      const { side, start, end } = evidence;
      const text = `${word(side)} · ${words.place(start, Math.max(end - start, 1))}`;
      if (verdict.kind === 'probe') {
        item.append(element('span', 'facts', text));
      } else {
        const button = element('button', 'place', text);
        button.id = `evidence-${key}`;
        button.addEventListener('click', () => this.show(verdict, side, start));
        item.append(button);
      }
    }
    if (evidence.saw) item.append(' ', element('code', '', evidence.saw));
    return item;
  }
}

// Text in which `...` is code.
const marked = (tag, className, text) => {
  const made = element(tag, className);
  text.split('`').forEach((piece, index) => {
    if (piece) made.append(index % 2 ? element('code', '', piece) : piece);
  });
  return made;
};

const drawBlock = (block) => {
  if (block.kind === 'heading') return element('h3', '', block.text);
  if (block.kind === 'code') return element('pre', '', block.text);
  if (block.kind === 'prose') return marked('p', '', block.text);
  const rows = block.text.split('\n');
  if (!block.text.startsWith('|')) {
    const list = element('ul', 'rows');
    list.append(...rows.map((row) => marked('li', '', row.replace(/^[-*] /, ''))));
    return list;
  }
  const table = element('table');
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1).map((cell) => cell.trim());
    if (cells.every((cell) => !cell)) continue;
    const line = element('tr');
    line.append(...cells.map((cell) => marked('td', '', cell)));
    table.append(line);
  }
  return table;
};
