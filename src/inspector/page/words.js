// What the page itself says, in English and Chinese. What the server knows (faults, parts, cookies) it says.

const WORDS = {
  inspector: ['inspector', '字节检视'],
  path: ['path', '路径'],
  status: ['status', '状态'],
  anyStatus: ['any status', '所有状态'],
  open: ['under way', '进行中'],
  fault: ['fault', '错误'],
  anyFault: ['any fault', '有无错误'],
  someFault: ['with a fault', '有错误的'],
  follow: ['Follow', '跟随'],
  pause: ['Pause', '暂停'],
  clear: ['Clear', '清空'],
  other: ['中文', 'English'],
  help: ['keys', '快捷键'],
  list: ['exchanges, newest first', '交换列表，新的在前'],
  live: ['live', '实时'],
  lost: ['connection lost, trying again', '连接断开，正在重试'],
  paused: ['paused', '已暂停'],
  request: ['request', '请求'],
  response: ['response', '响应'],
  text: ['Text', '文本'],
  hex: ['Hex', '十六进制'],
  curl: ['Copy curl', '复制 curl'],
  nc: ['Copy printf | nc', '复制 printf | nc'],
  save: ['Save:', '保存：'],
  copied: ['Copied.', '已复制。'],
  close: ['Close', '关闭'],
  timeline: ['Timeline', '时间线'],
  cookies: ['Cookies and session', 'Cookie 与会话'],
  noResponse: ['No response yet.', '还没有响应。'],
  noResponseEver: ['There was no response.', '没有响应。'],
  noRequest: ['Connected. Not a byte so far.', '已连接，还没有收到一个字节。'],
  noCurl: ['curl cannot send exactly this request.', 'curl 发不出这样的请求。'],
  noNc: ['Too long to paste: save request.http instead.', '太长，不便粘贴：请保存 request.http。'],
  hidden: ['Secrets are hidden, since this server listens beyond loopback (--show-secrets shows them).',
    '服务器的监听地址不限于本机，敏感内容已隐去（--show-secrets 可显示）。'],
  opened: ['accepted', '接受连接'],
  closed: ['closed', '关闭连接'],
  reset: ['broken off', '连接中断'],
  'received-end': ['the client closed its side (FIN)', '客户端关闭了发送方向（FIN）'],
  'sent-end': ['we closed our side (FIN) and still listen', '我们关闭了发送方向（FIN），仍在读'],
  client: ['client', '客户端'],
  server: ['server', '服务器'],
  hint: ['Point at a byte, or press Tab and use the arrow keys. ? shows all keys.',
    '把光标指向一个字节，或者按 Tab 后用方向键移动。按 ? 查看全部按键。'],
  gone: ['This exchange has fallen out of the journal.', '这次交换已经不在记录里了。'],
  over: ['ended early', '提前结束'],
  nothing: ['Nothing has happened yet. Type one of these in a terminal, and watch:',
    '还没有任何动静。在终端里敲一条下面的命令，看看会发生什么：'],
  lesson: ['Lesson', '课程'],
  lessonSide: ['lesson side', '课程栏'],
  lessons: ['lessons', '全部课程'],
  wholeLesson: ['The whole lesson', '这一课的全文'],
  step: ['step', '步骤'],
  done: ['done', '已完成'],
  lessonDone: ['This lesson is done.', '这一课完成了。'],
  showWays: ['Show how it is done', '看看做法'],
  verdict: ['Verdict', '评判'],
  passed: ['done', '通过'],
  near: ['close', '差一点'],
  'not-yet': ['not yet', '还没有'],
  aside: ['aside', '与这一步无关'],
  deciding: ['decided the verdict', '评判的依据'],
  learner: ['learner', '学生'],
  whichLearner: ['Choose a learner above.', '请在上面选一位学生。'],
  noLearner: ['Nobody is here yet: learners ask for paths below /u/NAME/.', '还没有人来：学生请求的路径要以 /u/名字/ 开头。'],
  wholeClass: ['class', '全班'],
  coreSteps: ['core steps', '核心步骤'],
  allSteps: ['all steps', '全部步骤'],
  stuck: ['stuck for', '卡了多久'],
  quiet: ['quiet for', '多久没动静'],
  slowly: ['or line by line, with Enter twice at the end:', '或者一行一行地敲，最后按两次回车：'],
};

const KEYS = [
  ['j k ↓ ↑', 'next and previous exchange', '下一次、上一次交换'],
  ['Tab', 'to the messages and back', '在列表与消息之间移动'],
  ['← → ↑ ↓', 'byte by byte, line by line', '逐字节、逐行移动'],
  ['Home End', 'first and last byte', '第一个、最后一个字节'],
  ['h t', 'hex, text', '十六进制、文本'],
  ['f', 'follow the newest', '跟随最新'],
  ['p', 'pause and go on', '暂停与继续'],
  ['s', 'lesson side', '课程栏'],
  ['/', 'filter', '筛选'],
  ['l', 'language', '切换语言'],
  ['?', 'this list', '本列表'],
];

let lang = 'en';

export const setLang = (wanted) => { lang = wanted; };
export const currentLang = () => lang;

/** One of the page's own words. */
export const word = (key) => WORDS[key][lang === 'zh' ? 1 : 0];

/** The right one of `{en, zh}`. */
export const said = (both) => both[lang];

export const keys = () => KEYS.map(([key, en, zh]) => [key, lang === 'zh' ? zh : en]);

const number = (n) => n.toLocaleString('en-US');

export const bytes = (n) => {
  if (lang === 'zh') return `${number(n)} 字节`;
  return n === 1 ? '1 byte' : `${number(n)} bytes`;
};

export const duration = (us) => {
  if (us < 1000) return `${us} µs`;
  if (us < 1000000) return `${(us / 1000).toFixed(us < 10000 ? 1 : 0)} ms`;
  return `${(us / 1000000).toFixed(us < 10000000 ? 2 : 1)} s`;
};

/** Seconds as minutes and seconds, and hours if there are any. */
export const clock = (seconds) => {
  const two = (n) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

export const hintOf = (n, of) => (lang === 'zh' ? `提示（第 ${n} 条，共 ${of} 条）` : `Hint ${n} of ${of}`);

export const present = (here, most, turnedAway) => {
  if (lang === 'zh') {
    const away = turnedAway ? `；名额已满，另有 ${number(turnedAway)} 个请求没有计入（--learners）` : '';
    return `${number(here)} 位学生，最多 ${number(most)} 位${away}。`;
  }
  const requests = turnedAway === 1 ? '1 request of somebody else' : `${number(turnedAway)} requests of others`;
  const away = turnedAway ? `; ${requests} found no place (--learners)` : '';
  return `${number(here)} of at most ${number(most)} learners${away}.`;
};

export const omitted = (n) => (lang === 'zh' ? `还有 ${bytes(n)}没有列出` : `${bytes(n)} more, not listed here`);

export const notKept = (n) => (lang === 'zh' ? `另有 ${bytes(n)}没有保留` : `${bytes(n)} more were not kept`);

export const piece = (event) => {
  const { what, offset, count } = event;
  const end = offset + count;
  if (lang === 'zh') return `${what === 'received' ? '读入' : '写出'} ${bytes(count)}（${offset} 至 ${end}）`;
  return `${what === 'received' ? 'read' : 'wrote'} ${bytes(count)} (${offset} to ${end})`;
};

export const states = (client, server) => (lang === 'zh'
  ? `${word('client')}：${said(client)}；${word('server')}：${said(server)}`
  : `${word('client')}: ${said(client)} · ${word('server')}: ${said(server)}`);

export const missed = (n) => (lang === 'zh'
  ? `这个页面慢了一步，错过了 ${number(n)} 次交换。`
  : `This page was too slow for ${number(n)} exchanges, and missed them.`);

export const counted = ({ shown, total, untold, dropped, held, most }) => {
  const size = (n) => (n < 1048576 ? `${Math.ceil(n / 1024)} KiB` : `${(n / 1048576).toFixed(1)} MiB`);
  if (lang === 'zh') {
    const parts = [shown === total ? `${number(total)} 次交换` : `${number(total)} 次交换，显示 ${number(shown)} 次`];
    if (untold) parts.push(`另有 ${number(untold)} 个连接来得太快，没有记录（有页面打开时每秒约 500 个，否则 50 个）`);
    if (dropped) parts.push(`${number(dropped)} 次因记录已满而丢弃（--journal-bytes）`);
    if (most) parts.push(`已用 ${size(held)}`);
    return parts.join('；');
  }
  const parts = [shown === total ? `${number(total)} exchanges` : `${number(shown)} of ${number(total)} exchanges`];
  if (untold) parts.push(`${number(untold)} connections more came too fast to be recorded (some 500 a second with a page open, else 50)`);
  if (dropped) parts.push(`${number(dropped)} fell out of the full journal (--journal-bytes)`);
  if (most) parts.push(`${size(held)} held`);
  return parts.join('; ');
};

export const title = (exchange) => (lang === 'zh'
  ? `第 ${exchange.id} 次交换，连接 ${exchange.connection}${exchange.number > 1 ? ` 上的第 ${exchange.number} 次` : ''}`
  : `exchange ${exchange.id}, connection ${exchange.connection}${exchange.number > 1 ? `, its number ${exchange.number}` : ''}`);

export const place = (at, length) => {
  const where = length === 1 ? `${at}` : `${at}–${at + length - 1}`;
  if (lang === 'zh') return `字节 ${where}`;
  return length === 1 ? `byte ${where}` : `bytes ${where}`;
};
