import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { writeFileSync } from 'node:fs'
const root='/work/wt-gemini-features'
const run="export { agent, run, tool } from './src/index.ts';"
const size=async(c, stub={})=>{ const plugin={name:'stub',setup(b){b.onLoad({filter:/\.ts$/},(a)=>{const k=Object.keys(stub).find(k=>a.path.endsWith(k)); return k?{contents:stub[k],loader:'ts'}:undefined})}}
 const { outputFiles } = await build({stdin:{contents:c,resolveDir:root,loader:'ts'},bundle:true,minify:true,write:false,format:'esm',platform:'neutral',target:'es2022',mainFields:['module','main'],conditions:['import'],plugins:[plugin]}); return [gzipSync(outputFiles[0].contents,{level:9}).length, outputFiles[0].contents]}
const g=run+"export { gemini } from './src/providers/gemini.ts'"
const [base,out]=await size(g); writeFileSync('/tmp/gemini.min.js',out)
const [r]=await size(run)
console.log('run',r,'gemini',base,'own',base-r)
const stubs={'gemini-sources.ts':'export const sourcesOf=()=>[];export const entryPoints=()=>[]','gemini-errors.ts':'export const explainGemini=()=>undefined;export const geminiStreamError=()=>new Error()','gemini-models.ts':'export const levels=[];export const familyOf=()=>({})','wire/media.ts':'export const answeredAt=()=>0;export const orInWords=(p,i,e)=>e(p)','wire/gemini.ts':"export const wire='gemini';export const encodeGemini=()=>({})",'gemini-decode.ts':'export class GeminiDecoder{}','wire/sse.ts':'export class EventReader{}','wire/exchange.ts':'export const exchange=()=>{}','providers/gemini.ts':'export const gemini=()=>{}'}
for (const [k,v] of Object.entries(stubs)) console.log(k, base-(await size(g,{[k]:v}))[0])
