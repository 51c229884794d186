/** What the thin entries in dist/ call. Everything that only some runs need is loaded when they need it. */
export { runMain } from './main.js';
export { runPost } from './post.js';
export { runTerminal } from './terminal.js';
