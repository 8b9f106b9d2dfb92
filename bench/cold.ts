// Loads one bundle in a fresh process: `node bench/cold.ts <file>` prints ms of CPU for its evaluation, reading and compiling included.
import { argv, cpuUsage, exit, stdout } from 'node:process'
import { pathToFileURL } from 'node:url'

// what Node loads lazily for anyone who answers requests is not the bundle's
await new Response(new ReadableStream()).body?.cancel()
new Request('http://localhost').headers.get('a')
const before = cpuUsage()
await import(pathToFileURL(argv[2]!).href)
const { user, system } = cpuUsage(before)
stdout.write(String((user + system) / 1000))
exit(0)
