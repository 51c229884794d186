import { describe, expect, it } from '@jest/globals';
import { compileModulesAtOnce } from '../../scripts/bundle/eager-modules.mjs';
import { loadBuiltinsLate } from '../../scripts/bundle/lazy-builtins.mjs';
import { faultsOf } from '../../scripts/bundle/limits.mjs';

describe('modules of the bundle', () => {
  it('become functions in parentheses, which V8 compiles at once', () => {
    expect(compileModulesAtOnce('exports.modules={7:(e,t)=>{t.a=()=>1},8:e=>e.exports=require("fs"),9:function(e){}};'))
      .toBe('exports.modules={7:(function(e,t){t.a=()=>1}),8:(function(e){e.exports=require("fs")}),9:(function(e){})};');
  });

  it('are found in index.js, and do the same as before', () => {
    const before = '(()=>{var __webpack_modules__={1:(x,y,load)=>{x.exports=`${load(2).word}!`},2:(x,y)=>{y.word="hello"}};var load=(i)=>{var x={exports:{}};__webpack_modules__[i](x,x.exports,load);return x.exports};return load(1)})()';
    const after = compileModulesAtOnce(before);
    expect(after.match(/\(function\(/g)).toHaveLength(2);
    const run = (code: string): unknown => new Function(`return ${code}`)();
    expect(run(after)).toBe(run(before));
  });

  it('are nothing else: a function of the code stays as it is', () => {
    const code = 'const table={1:async()=>this,2:()=>2};';
    expect(compileModulesAtOnce(code)).toBe(code);
  });
});

describe('limits of the bundle', () => {
  const core = 'ghadelimiter';
  const bundle = (index: number, chunk: number) => new Map([['bundle/index.js', core.padEnd(index, 'x')], ['bundle/1.index.js', 'x'.repeat(chunk)], ['bundle/licenses.txt', 'x'.repeat(9e6)]]);

  it('are kept by what is loaded at start and by all code', () => expect(faultsOf(bundle(130_000, 2_870_000))).toEqual([]));

  it('tell of a large index.js what to do', () => {
    expect(faultsOf(bundle(131_000, 0))).toEqual(['index.js has 131 kB, and the limit is 130 kB: every step loads it. Use import() for code that few runs need.']);
  });

  it('tell of too much code', () => {
    expect(faultsOf(bundle(1000, 3_000_000))).toEqual(['The bundle has 3001 kB, and the limit is 3000 kB: every run downloads it.']);
  });

  it('tell when more of @actions/core is loaded at start than is used, and when less', () => {
    expect(faultsOf(new Map([['bundle/index.js', `${core} ProxyAgent`]]))).toEqual([expect.stringContaining('contains the HTTP client of @actions/core')]);
    expect(faultsOf(new Map([['bundle/index.js', '']]))).toEqual([expect.stringContaining('does not contain the part of @actions/core')]);
  });
});

describe('parts of Node', () => {
  const run = (code: string, load: (name: string) => unknown): unknown => new Function('require', code)(load);

  it('are loaded when something of them is used, and once', () => {
    const loaded: string[] = [];
    const code = loadBuiltinsLate('const c=require("node:crypto"),n=require("net");return()=>(0,c.hash)("a")+(0,c.hash)("b")');
    const hash = run(code, (name) => {
      loaded.push(name);
      return { hash: (text: string) => `#${text}` };
    }) as () => string;
    expect(loaded).toEqual([]);
    expect(hash()).toBe('#a#b');
    expect(loaded).toEqual(['node:crypto']);
  });

  it('that cost nothing, and files of the bundle, are loaded as before', () => {
    const code = 'require("node:fs");require("node:path");require("./"+id);load.require("crypto")';
    expect(loadBuiltinsLate(code)).toBe(code);
  });
});
