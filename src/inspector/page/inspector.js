// The page: a list that the server's events fill, and the exchange that was chosen.
//
// It asks this server alone, keeps its few settings in the URL's hash, and makes everything that came from the
// wire with textContent.

import { asking } from './asking.js';
import { Message, element } from './bytes.js';
import { Lesson } from './lesson.js';
import * as words from './words.js';

const MOST = 1000;
const $ = (id) => document.getElementById(id);
const { word, said } = words;

const state = {
  entries: new Map(), // by id, in the order of their first event
  rows: new Map(),
  counts: { untold: 0, dropped: 0, held: 0, most: 0 },
  missed: 0,
  chosen: null,
  follows: true,
  view: 'text',
  lastEvent: null,
  run: null,
  hidden: false,
  site: null, // where the tapped server listens: { host, port }
  source: null,
  link: 'lost',
  glossary: null,
  messages: [],
  shown: null, // the document of the exchange that is shown
  text: null, // the same as it came
  teaches: null, // 'one', 'class', or nobody
  isLessonOpen: true,
  at: null, // the byte to show when the exchange is there: { id, side, offset }
};

const lesson = new Lesson($('lesson'), {
  told: () => decide(),
  chosen: () => writeHash(),
  show: (verdict, side, offset) => {
    const entry = [...state.entries.values()].find((entry) => lesson.isAbout(entry));
    if (!entry) return;
    state.at = { id: entry.id, side, offset };
    choose(entry.id);
    pointAt();
  },
});

// ---- the hash: language, view, exchange, and the lesson side

const readHash = () => {
  const hash = new URLSearchParams(location.hash.slice(1));
  const lang = hash.get('lang') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
  words.setLang(lang === 'zh' ? 'zh' : 'en');
  state.view = hash.get('view') === 'hex' ? 'hex' : 'text';
  state.isLessonOpen = hash.get('lesson') !== 'off';
  lesson.learner = hash.get('learner') ?? '';
  const id = Number(hash.get('exchange'));
  if (id && id !== state.chosen) choose(id);
};

const writeHash = () => {
  const hash = new URLSearchParams({ lang: words.currentLang(), view: state.view });
  if (state.chosen && !state.follows) hash.set('exchange', state.chosen);
  if (lesson.learner) hash.set('learner', lesson.learner);
  if (!state.isLessonOpen) hash.set('lesson', 'off');
  history.replaceState(null, '', `#${hash}`);
};

// ---- events

const connect = () => {
  const after = state.lastEvent ? `?after=${encodeURIComponent(state.lastEvent)}` : '';
  const source = new EventSource(`/events${after}`);
  state.source = source;
  const on = (name, handle) => source.addEventListener(name, (event) => {
    if (source !== state.source) return;
    handle(JSON.parse(event.data), event);
    refresh();
  });
  on('hello', (hello) => {
    if (state.run !== null && state.run !== hello.run) forget();
    state.run = hello.run;
    state.hidden = hello.hidden;
    state.site = hello.site;
    state.link = 'live';
    state.teaches = hello.teaches;
    drawLessonSide();
  });
  on('lesson', () => lesson.load());
  on('exchange', (entry, event) => {
    state.lastEvent = event.lastEventId;
    add(entry);
  });
  on('missed', ({ count }) => { state.missed += count; });
  on('clear', forget);
  on('counts', (counts) => { state.counts = counts; });
  source.addEventListener('error', () => {
    if (source !== state.source) return;
    state.link = 'lost';
    refresh();
    // A browser tries again by itself, unless the answer was no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => source === state.source && connect(), 1000);
  });
};

const forget = () => {
  state.entries.clear();
  state.messages = [];
  for (const row of state.rows.values()) row.remove();
  state.rows.clear();
  state.missed = 0;
  state.shown = null;
  state.chosen = null;
  state.follows = true;
  $('exchange').replaceChildren();
};

const changed = new Set();

const add = (entry) => {
  state.entries.set(entry.id, entry);
  changed.add(entry.id);
  if (state.entries.size > MOST) {
    const oldest = state.entries.keys().next().value;
    state.entries.delete(oldest);
    state.rows.get(oldest)?.remove();
    state.rows.delete(oldest);
    changed.delete(oldest);
  }
};

let isDue = false;

// Whatever came is drawn once a frame.
const refresh = () => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
};

const draw = () => {
  const list = $('list');
  const fresh = document.createDocumentFragment();
  for (const id of changed) {
    const entry = state.entries.get(id);
    const row = drawRow(entry);
    const before = state.rows.get(id);
    if (before) before.replaceWith(row);
    else fresh.prepend(row);
    state.rows.set(id, row);
  }
  list.prepend(fresh);
  const newest = [...changed].filter((id) => fits(state.entries.get(id))).pop();
  const isShown = state.chosen && changed.has(state.chosen);
  changed.clear();
  if (state.entries.size === 0) invite();
  if (state.follows && newest) choose(newest, true);
  else if (isShown) load();
  drawFaults();
  drawCounts();
  const link = $('link');
  link.className = state.link;
  link.textContent = word(state.link);
};

// What a newcomer may try.
const invite = () => {
  if (!state.site) return;
  const { host, port } = state.site;
  const made = element('section', 'try');
  made.append(
    element('p', '', word('nothing')),
    element('pre', '', `printf 'GET /redirect/ HTTP/1.0\\r\\n\\r\\n' | nc ${host} ${port}\ncurl -i http://${host}:${port}/cookiedemo/`),
    element('p', '', word('slowly')),
    element('pre', '', `nc -C ${host} ${port}\nGET /user/ HTTP/1.0\nHost: ${host}:${port}`),
  );
  $('exchange').replaceChildren(made);
};

// ---- the list

const drawRow = (entry) => {
  const row = element('li', `${entry.stage}${entry.refused ? ' is-refused' : ''}`);
  row.setAttribute('role', 'option');
  row.id = `exchange-${entry.id}`;
  row.dataset.id = entry.id;
  row.setAttribute('aria-selected', String(entry.id === state.chosen));
  row.hidden = !fits(entry);
  const status = entry.status ?? (entry.stage === 'open' ? '…' : '–');
  row.append(
    element('span', `status s${String(entry.status ?? 0)[0]}`, status),
    element('span', 'method', entry.method || '·'),
    element('span', 'target', entry.target || ' '),
  );
  const below = element('span', 'below');
  const facts = [`#${entry.id}`, new Date(entry.at).toLocaleTimeString('en-GB')];
  if (entry.stage === 'done') facts.push(words.duration(entry.took));
  if (entry.stage === 'open') facts.push(word('open'), words.bytes(entry.in));
  if (entry.stage === 'over') facts.push(word('over'));
  below.append(element('span', 'facts', facts.join(' · ')));
  for (const slug of entry.faults) below.append(element('span', 'slug', slug));
  if (entry.told) below.append(element('span', 'told', 'cookie'));
  if (entry.hint) below.append(element('span', 'hint', said(entry.hint)));
  row.append(below);
  return row;
};

const fits = (entry) => {
  const path = $('path').value.trim();
  const status = $('status').value;
  const fault = $('fault').value;
  if (path && !entry.target.includes(path)) return false;
  if (status === 'open' ? entry.stage !== 'open' : status && String(entry.status ?? '')[0] !== status) return false;
  if (fault === '*') return entry.faults.length > 0;
  return !fault || entry.faults.includes(fault);
};

const filter = () => {
  for (const [id, row] of state.rows) row.hidden = !fits(state.entries.get(id));
  drawCounts();
};

const drawCounts = () => {
  const shown = [...state.entries.values()].filter(fits).length;
  const counts = { ...state.counts, shown, total: state.entries.size };
  const lines = [words.counted(counts)];
  if (state.missed) lines.unshift(words.missed(state.missed));
  if (state.hidden) lines.push(word('hidden'));
  $('counts').textContent = lines.join(' ');
};

const faultsKnown = new Set();

const drawFaults = () => {
  const select = $('fault');
  const before = faultsKnown.size;
  for (const entry of state.entries.values()) for (const slug of entry.faults) faultsKnown.add(slug);
  if (faultsKnown.size === before && select.options.length > 0) return;
  const chosen = select.value;
  const options = [['', word('anyFault')], ['*', word('someFault')], ...[...faultsKnown].sort().map((slug) => [slug, slug])];
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  select.value = chosen;
};

const visible = () => [...$('list').children].filter((row) => !row.hidden).map((row) => Number(row.dataset.id));

const step = (by) => {
  const ids = visible();
  const at = ids.indexOf(state.chosen);
  const to = ids[at < 0 ? 0 : Math.min(Math.max(at + by, 0), ids.length - 1)];
  if (to !== undefined) choose(to);
};

// ---- the exchange

const choose = (id, follows = false) => {
  state.follows = follows;
  $('follow').setAttribute('aria-pressed', String(follows));
  const before = state.rows.get(state.chosen);
  before?.setAttribute('aria-selected', 'false');
  state.chosen = id;
  const row = state.rows.get(id);
  row?.setAttribute('aria-selected', 'true');
  $('list').setAttribute('aria-activedescendant', `exchange-${id}`);
  if (!follows) row?.scrollIntoView({ block: 'nearest' });
  else $('list').scrollTop = 0;
  writeHash();
  load();
};

const load = asking(async () => {
  const id = state.chosen;
  if (!id) return;
  state.glossary ??= await (await fetch('/glossary')).json();
  const response = await fetch(`/exchanges/${id}`);
  if (id !== state.chosen) return;
  if (!response.ok) {
    state.shown = null;
    $('exchange').replaceChildren(element('p', 'empty', word('gone')));
    return;
  }
  const text = await response.text();
  // What is shown already is left alone, and whatever the mouse is on with it.
  if (text === state.text && state.shown) return;
  state.text = text;
  state.shown = JSON.parse(text);
  show();
});

const show = () => {
  const shown = state.shown;
  if (!shown) return;
  const focused = state.messages.findIndex((message) => message.node === document.activeElement);
  const cursors = state.isSame === shown.id ? state.messages.map((message) => message.offset()) : [];
  state.isSame = shown.id;
  state.messages = [];
  const panel = $('exchange');
  const first = element('header');
  const heading = element('h2');
  heading.append(
    element('span', 'method', shown.method || '·'),
    ' ',
    element('span', 'target', shown.target || ''),
  );
  if (shown.status) heading.append(' ', element('span', `status s${String(shown.status)[0]}`, shown.status));
  const facts = [words.title(shown), shown.client];
  if (shown.stage === 'done') facts.push(words.duration(shown.took));
  first.append(heading, element('p', 'facts', facts.join(' · ')), actions(shown));
  const parts = [first];
  for (const kind of ['request', 'response']) parts.push(drawMessage(kind, shown[kind], shown));
  if (shown.words.length) {
    const list = element('ul');
    list.append(...shown.words.map((sentence) => element('li', '', said(sentence))));
    parts.push(section('cookies', list));
  }
  parts.push(section('timeline', timeline(shown)));
  const scrolled = panel.scrollTop;
  panel.replaceChildren(...parts);
  panel.scrollTop = scrolled;
  cursors.forEach((offset, index) => { if (offset >= 0) state.messages[index]?.pointAt(offset); });
  if (focused >= 0) state.messages[focused]?.node.focus({ preventScroll: true });
  if (!cursors.some((offset) => offset >= 0)) explain();
  decide();
  pointAt();
};

// Outlines the bytes that decided, where the verdict is on the exchange that is shown.
const decide = () => {
  for (const message of state.messages) {
    const isAny = message.decide(lesson.deciding(state.shown, message.kind));
    message.node.parentElement.querySelector('.legend').hidden = !isAny;
  }
};

// Puts the cursor on the byte that was asked for, once its exchange is shown.
const pointAt = () => {
  if (!state.at || state.shown?.id !== state.at.id) return;
  const message = state.messages.find((message) => message.kind === state.at.side);
  message?.pointAt(state.at.offset);
  message?.node.querySelector('.cursor')?.scrollIntoView({ block: 'nearest' });
  state.at = null;
};

// ---- the lesson side

const drawLessonSide = () => {
  const isOpen = Boolean(state.teaches) && state.isLessonOpen;
  $('lesson-side').hidden = !state.teaches;
  $('lesson-side').setAttribute('aria-pressed', String(isOpen));
  $('lesson').hidden = !isOpen;
  document.querySelector('main').classList.toggle('has-lesson', isOpen);
};

const toggleLesson = () => {
  if (!state.teaches) return;
  state.isLessonOpen = !state.isLessonOpen;
  writeHash();
  drawLessonSide();
};

const section = (key, content) => {
  const made = element('section', key);
  made.append(element('h3', '', word(key)), content);
  return made;
};

const drawMessage = (kind, message, shown) => {
  const made = element('section', `message ${kind}`);
  const heading = element('h3', '', word(kind));
  made.append(heading);
  if (!message || message.total === 0) {
    const nothing = { request: 'noRequest', response: shown.stage === 'open' ? 'noResponse' : 'noResponseEver' }[kind];
    made.append(element('p', 'empty', word(nothing)));
    return made;
  }
  heading.append(element('small', '', words.bytes(message.total)));
  const view = new Message(kind, message, state.view, state.glossary, explain);
  state.messages.push(view);
  const legend = element('p', 'legend');
  legend.hidden = true;
  legend.append(element('span', 'deciding deciding-first deciding-last', '0d'), ` ${word('deciding')}`);
  made.append(view.node, legend);
  for (const fault of message.faults) {
    const line = element('p', `fault ${fault.verdict}`);
    line.append(
      element('strong', '', fault.slug),
      ` ${words.place(fault.start, Math.max(fault.end - fault.start, 1))} `,
      element('span', '', said(fault.sentence)),
      element('small', '', ` ${fault.rule}`),
    );
    made.append(line);
  }
  made.append(element('p', 'opinion', said(message.opinion)));
  return made;
};

const actions = (shown) => {
  const made = element('div', 'buttons');
  for (const view of ['text', 'hex']) {
    const button = element('button', `view-${view}`, word(view));
    button.setAttribute('aria-pressed', String(state.view === view));
    button.addEventListener('click', () => setView(view));
    made.append(button);
  }
  made.append(
    copyButton('curl', shown.curl, 'noCurl'),
    copyButton('nc', shown.netcat, 'noNc'),
  );
  const files = element('span', 'files', word('save'));
  files.append(...['request.http', 'response.http', 'capture.pcapng'].map((name) => {
    const link = element('a', '', name);
    link.href = `/exchanges/${shown.id}/${name}`;
    link.download = name;
    return link;
  }));
  made.append(files);
  return made;
};

const copyButton = (key, command, reason) => {
  const button = element('button', `copy-${key}`, word(key));
  if (!command) {
    button.disabled = true;
    button.title = word(reason);
    return button;
  }
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = word('copied');
      setTimeout(() => { button.textContent = word(key); }, 1500);
    } catch {
      offer(command);
    }
  });
  return button;
};

// Where the clipboard is shut, the command stands there to be copied by hand.
const offer = (command) => {
  const text = element('textarea', '', command);
  text.readOnly = true;
  fillDialog($('command'), text);
  text.select();
};

const timeline = (shown) => {
  const list = element('ol');
  const last = Math.max(...shown.timeline.map((event) => event.after), 1);
  for (const event of shown.timeline) {
    const item = element('li', event.what);
    const bar = element('span', 'bar');
    bar.style.setProperty('--at', event.after / last);
    item.append(element('span', 'after', words.duration(event.after)), bar);
    if (event.what === 'states') {
      const { client, server } = state.glossary;
      item.append(element('span', 'what', words.states(client[event.client], server[event.server])));
    } else if (event.what === 'received' || event.what === 'sent') {
      item.append(element('span', 'what', words.piece(event)));
      const kind = event.what === 'received' ? 'request' : 'response';
      const mark = (on) => state.messages.find((message) => message.kind === kind)?.piece(event.offset, event.count, on);
      item.addEventListener('mouseenter', () => mark(true));
      item.addEventListener('mouseleave', () => mark(false));
    } else {
      item.append(element('span', 'what', word(event.what)));
    }
    list.append(item);
  }
  return list;
};

const explain = (message, found) => {
  const line = $('byte');
  if (!found) {
    line.textContent = word('hint');
    return;
  }
  for (const other of state.messages) if (other !== message) other.node.classList.remove('current');
  message.node.classList.add('current');
  line.replaceChildren(...message.explain(found).map(([name, text]) => element('span', name, text)));
};

const setView = (view) => {
  state.view = view;
  writeHash();
  show();
};

// ---- the page's own words

const drawWords = () => {
  document.documentElement.lang = words.currentLang() === 'zh' ? 'zh-Hans' : 'en';
  for (const node of document.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', word(node.dataset.label));
  for (const node of document.querySelectorAll('[data-hint]')) node.placeholder = word(node.dataset.hint);
  const status = $('status');
  const chosen = status.value;
  const options = [['', word('anyStatus')], ...['2', '3', '4', '5'].map((digit) => [digit, `${digit}xx`]), ['open', word('open')]];
  status.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  status.value = chosen;
  $('fault').replaceChildren();
  for (const id of state.entries.keys()) changed.add(id);
  explain();
  show();
  if (state.teaches) lesson.again();
  refresh();
};

const toggleLang = () => {
  words.setLang(words.currentLang() === 'zh' ? 'en' : 'zh');
  writeHash();
  drawWords();
};

const fillDialog = (dialog, ...content) => {
  const close = element('button', '', word('close'));
  close.addEventListener('click', () => dialog.close());
  dialog.replaceChildren(...content, close);
  dialog.showModal();
};

const showKeys = () => {
  const list = element('dl');
  for (const [key, meaning] of words.keys()) list.append(element('dt', '', key), element('dd', '', meaning));
  fillDialog($('keys'), list);
};

// ---- buttons and keys

const togglePause = () => {
  const isPaused = state.link === 'paused';
  if (isPaused) {
    state.link = 'lost';
    connect();
  } else {
    state.source?.close();
    state.source = null;
    state.link = 'paused';
  }
  $('pause').setAttribute('aria-pressed', String(!isPaused));
  refresh();
};

const follow = () => {
  const [newest] = visible();
  if (newest === undefined) state.follows = true;
  else choose(newest, true);
};

const clear = async () => {
  await fetch('/clear', { method: 'POST' });
  if (state.link === 'paused') forget();
};

$('follow').addEventListener('click', follow);
$('pause').addEventListener('click', togglePause);
$('clear').addEventListener('click', clear);
$('lesson-side').addEventListener('click', toggleLesson);
$('lang').addEventListener('click', toggleLang);
$('help').addEventListener('click', showKeys);
$('filters').addEventListener('input', filter);
$('filters').addEventListener('submit', (event) => event.preventDefault());
$('list').addEventListener('click', (event) => {
  const row = event.target.closest('li');
  if (row) choose(Number(row.dataset.id));
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const isTyping = event.target.matches('input, select, textarea');
  if (isTyping) {
    if (event.key === 'Escape') $('list').focus();
    return;
  }
  const message = state.messages.find((message) => message.node === event.target);
  if (message?.move(event.key)) {
    event.preventDefault();
    return;
  }
  const action = {
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => event.target === $('list') && step(1),
    ArrowUp: () => event.target === $('list') && step(-1),
    h: () => setView('hex'),
    t: () => setView('text'),
    f: follow,
    s: toggleLesson,
    p: togglePause,
    l: toggleLang,
    '/': () => $('path').focus(),
    '?': showKeys,
  }[event.key];
  if (!action) return;
  if (action() !== false) event.preventDefault();
});

window.addEventListener('hashchange', () => {
  readHash();
  drawLessonSide();
  drawWords();
});

readHash();
drawWords();
connect();
