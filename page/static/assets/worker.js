// Reads and judges, beside the page, so that the page never stalls. Answers each question with its id.
import init, { Judge, glance, read, scan } from './reader.js';

const ready = init();
let judge;

addEventListener('message', async ({ data: { id, kind, ...question } }) => {
  postMessage({ id, ...await answer(kind, question) });
});

/** Every question is answered, or the page would wait for ever. */
async function answer(kind, question) {
  try {
    await ready;
    return answers[kind](question);
  } catch {
    return { unreadable: 'reader-failed' };
  }
}

const answers = {
  trust({ did, list }) {
    judge?.free();
    judge = new Judge(did, list);
    return JSON.parse(judge.about());
  },
  bytes({ bytes, now }) {
    return verdict(JSON.parse(read(bytes)), now);
  },
  /** One of a camera's many pictures. */
  frame({ frame, now }) {
    const { width, height, data } = pixels(frame);
    return verdict(JSON.parse(glance(width, height, data)), now);
  },
  picture({ frame, now }) {
    const { width, height, data } = pixels(frame);
    return verdict(JSON.parse(scan(width, height, data)), now);
  },
};

function verdict({ credential, unreadable }, now) {
  return credential === undefined ? { unreadable } : { report: JSON.parse(judge.judge(credential, now)) };
}

function pixels(frame) {
  if (frame instanceof ImageData) return frame;
  const { width, height } = frame;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(frame, 0, 0);
  frame.close();
  return context.getImageData(0, 0, width, height);
}
