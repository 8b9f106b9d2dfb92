// A Vercel function on the edge runtime (without `config` it runs on Node). `vercel.json` sends every path here.
// Sessions live in one instance's memory: good for a try; for more, give `localHost` a journal and a store that outlive it.
import { app } from 'edgeswarm/http'
import { vercel } from 'edgeswarm/vercel'
import { assistant } from '../../agent.ts'

export const config = { runtime: 'edge' }

const web = app({ agents: { assistant }, auth: 'open' })

export default vercel(web).fetch
