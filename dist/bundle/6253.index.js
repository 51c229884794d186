"use strict";exports.id=6253,exports.ids=[6253],exports.modules={2288:(function(e,t,r){r.d(t,{D:()=>s,_:()=>hold});var a=r(9704),i=r(9739);let s=`
umask 077
folder=$(mktemp -d "$1/acci-scratch-XXXXXX") || exit 91
if [ -n "$2" ]; then
  tries=0
  until [ -p "$2" ] || [ "$tries" = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  [ -p "$2" ] && exec 4>"$2" || exit 92
fi
user=$(id -u); group=$(id -g)
if [ "$user" = 0 ]; then
  name=postgres; id -u "$name" >/dev/null 2>&1 || name=nobody
  user=$(id -u "$name"); group=$(id -g "$name")
  chown "$user:$group" "$folder"
fi
trap 'rm -rf "$folder"; exit 143' HUP INT TERM
printf '%s %s %s %s\\n' "$(id -u)" "$user" "$group" "$folder"
while IFS= read -r line; do :; done
tries=0
until rm -rf "$folder" 2>/dev/null || [ "$tries" = 50 ]; do tries=$((tries + 1)); sleep 0.1; done
`;async function hold(e,t,r,s,n){try{return await (0,a.ux)(e,{ms:6e4,late:()=>new i.f(s,`${r} was not ready within 60 s.`),signal:n},async a=>{a.addEventListener("abort",()=>void t.stop(),{once:!0});let n=t.output[Symbol.asyncIterator](),o=await firstLine(n);a.throwIfAborted();let c=/^(\d+) (\d+) (\d+) (\/.*)$/.exec(o);if(c){let[,r,a,i,s=""]=c;return{isRoot:0===Number(r),user:Number(a),group:Number(i),folder:s,release:()=>release(e,t,n)}}await t.stop();let{code:l,stderr:d}=await t.exited;throw new i.f(s,`${r} could not be used (exit code ${l})${d.trim()?`: ${d.trim().slice(-300)}`:""}.`)})}catch(e){throw await t.stop(),e}}async function firstLine(e){let t="";for(;!t.includes("\n");){let{value:r,done:a}=await e.next();if(a)return t;t+=Buffer.from(r).toString()}return t.slice(0,t.indexOf("\n"))}async function release(e,t,r){t.end();let a=(async()=>{for(;!(await r.next()).done;);await t.exited})().catch(()=>void 0),i=new AbortController;await Promise.race([a,e.sleep(3e4,i.signal).catch(()=>void 0)]),i.abort(),await t.stop()}}),5620:(function(e,t,r){r.d(t,{N:()=>localPlace});var a=r(87),i=r(3149);function localPlace(e,t,r){let s=void 0===t?e.env.PATH:`${t}:${e.env.PATH??"/usr/bin:/bin"}`;return{words:"this machine",start:(t,{args:a=[],secrets:n=[],signal:o})=>{let[c="sh",...l]=[...r,"sh","-c",t,"sh",...a];return(0,i.A)(e.pipe({program:c,args:l,env:{PATH:s},signal:o}),n)},typed:e=>e.map(a.r7).join(" ")}}}),6253:(function(e,t,r){r.r(t),r.d(t,{localReach:()=>localReach});var a=r(5620),i=r(9739),s=r(2288),n=r(1151);let gigabytes=e=>`${(e/1e9).toLocaleString("en-US",{maximumFractionDigits:1})} GB`;async function openLocalScratch(e,t,r,o){let{ports:c}=e,l=c.env.TMPDIR??"/tmp",[d,u]=[2.2*o,await c.disk.freeBytes(l)];if(u<d)throw new i.f(e.failure,`${l} has ${gigabytes(u)} free, and a scratch server needs ${gigabytes(d)} there.`,{hint:"Free space, set TMPDIR to a larger disk, or set `verify: archive`."});let f=(0,a.N)(c,t,[]).start(s.D,{args:[l,""],signal:r}),h=await (0,s._)(c.clock,f,"The folder for a scratch server on this machine",e.failure,r),$=["setpriv",`--reuid=${h.user}`,`--regid=${h.group}`,"--clear-groups","--no-new-privs"],p={...(0,a.N)(c,t,h.isRoot?$:[]),words:"the scratch server on this machine"};return(0,n.g)(p,h.folder,h.release)}let localReach=(e,t)=>({place:(0,a.N)(e.ports,t,[]),scratch:(r,a)=>openLocalScratch(e,t,r,a)})}),1151:(function(e,t,r){r.d(t,{g:()=>scratchPlace});function scratchPlace(e,t,r){let a=new Set;return{...e,folder:t,start:(t,r)=>{let i=e.start(t,r);return a.add(i),i.exited.catch(()=>void 0).finally(()=>a.delete(i)),i},close:async()=>{await Promise.all([...a].map(e=>e.stop())),await r()}}}}),3149:(function(e,t,r){r.d(t,{A:()=>started});function started(e,t){if(t.some(e=>/[\n\r\0]/.test(e)))throw RangeError("A secret for a script cannot contain a line break.");return t.length>0&&e.write(t.map(e=>`${e}
`).join("")),e}})};
