// The class at a glance, for the teacher: who is at which step, and who is stuck for how long.
//
// It asks when the feed says that there is something new; meanwhile the seconds are counted here. Names are what
// strangers typed: they become text by textContent, each in a `bdi` of its own.

import { asking } from './asking.js';
import { element } from './bytes.js';
import * as words from './words.js';

const $ = (id) => document.getElementById(id);
const { word } = words;

let shown = null;
let at = 0; // when it came
let isLive = false;

const load = asking(async () => {
  const response = await fetch('/class.json');
  if (!response.ok) return;
  shown = await response.json();
  at = performance.now();
  draw();
});

const draw = () => {
  document.documentElement.lang = words.currentLang() === 'zh' ? 'zh-Hans' : 'en';
  for (const node of document.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  $('link').className = isLive ? 'live' : 'lost';
  $('link').textContent = word(isLive ? 'live' : 'lost');
  if (!shown) return;
  const focused = document.activeElement?.dataset?.learner;
  $('counts').textContent = words.present(shown.learners.length, shown.most, shown.turned_away);
  $('learners').replaceChildren(...shown.learners.map(drawLearner));
  if (focused !== undefined) {
    [...document.querySelectorAll('[data-learner]')].find((link) => link.dataset.learner === focused)?.focus();
  }
  count();
};

const drawLearner = (learner) => {
  const row = element('tr');
  const link = element('a');
  link.dataset.learner = learner.name;
  link.href = `/#${new URLSearchParams({ lang: words.currentLang(), learner: learner.name })}`;
  link.append(element('bdi', '', learner.name));
  const name = element('th');
  name.scope = 'row';
  name.append(link);
  const seconds = (n) => {
    const made = element('td', 'seconds');
    made.dataset.seconds = n;
    return made;
  };
  row.append(
    name,
    element('td', '', learner.lesson),
    element('td', '', learner.step || word('lessonDone')),
    element('td', '', `${learner.core.done}/${learner.core.of}`),
    element('td', '', `${learner.all.done}/${learner.all.of}`),
    seconds(learner.stuck),
    seconds(learner.quiet),
    element('td', `report ${learner.mark}`, learner.mark ? word(learner.mark) : '–'),
  );
  return row;
};

// What has passed since the table came is added, so that nobody has to ask for it.
const count = () => {
  const passed = Math.floor((performance.now() - at) / 1000);
  for (const cell of document.querySelectorAll('.seconds')) {
    cell.textContent = words.clock(Number(cell.dataset.seconds) + passed);
  }
};

const readHash = () => {
  const lang = new URLSearchParams(location.hash.slice(1)).get('lang');
  words.setLang((lang ?? navigator.language).startsWith('zh') ? 'zh' : 'en');
};

const connect = () => {
  const source = new EventSource('/events');
  const live = (is) => {
    isLive = is;
    draw();
  };
  source.addEventListener('hello', () => live(true));
  source.addEventListener('lesson', load);
  source.addEventListener('error', () => {
    live(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  });
};

$('lang').addEventListener('click', () => {
  location.hash = new URLSearchParams({ lang: words.currentLang() === 'zh' ? 'en' : 'zh' });
});
window.addEventListener('hashchange', () => {
  readHash();
  draw();
});

readHash();
draw();
connect();
setInterval(count, 1000);
