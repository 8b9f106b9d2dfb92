// Every lane that this machine can run, one after another. A lane that cannot run says what is missing and is skipped,
// never passed; with CI=true a skip is a failure. The last line is the sum.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { missingRuntime, runtime } from './runtimes.mjs'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const env = {
  ...process.env,
  PATH: bin + delimiter + process.env.PATH,
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  NO_COLOR: '1',
}
const ci = process.env.CI === 'true'
/** Percent of lines of src and adapters that the lanes reach together. */
const coverage = 95
const only = process.argv.slice(2)
// a whole run begins with no coverage of an earlier one
if (!only.length) rmSync(join(root, 'coverage'), { recursive: true, force: true })
const temp = mkdtempSync(join(tmpdir(), 'edgeswarm-test-'))
const sum = { passed: 0, failed: 0, skipped: 0 }

const sh = (command, args) => spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 })
const tests = (dir) => existsSync(join(root, 'test', dir)) && readdirSync(join(root, 'test', dir)).some((file) => file.endsWith('.test.ts'))

/** Shows what a lane measured. */
const figures = (output) => {
  for (const line of output.split('\n'))
    if (/^\s*(size|wire|matrix|data|coverage|cold|pack|perf|example|snippets):/.test(line)) console.log('   ', line.trim())
}

/** A command that passes or fails as one. */
const check = (name, command, args, { when = true, missing } = {}) => ({
  name,
  when,
  missing,
  run: () => {
    const [binary, ...flags] = typeof command === 'function' ? command() : [command]
    const { status, stdout, stderr } = sh(binary, [...flags, ...args])
    figures(stdout)
    return status === 0 ? { passed: 1 } : { failed: 1, output: stdout + stderr }
  },
})

/** A vitest project, counted test by test. `on` names the runtime that it must have run on, as `test/runtime.test.ts` says it. */
const vitest = (name, project, { when = true, missing, command = () => ['node'], on, args = [] } = {}) => ({
  name,
  when,
  missing,
  run: () => {
    const file = join(temp, `${project}.json`)
    const [binary, ...flags] = command()
    const { status, stdout, stderr } = sh(binary, [
      ...flags,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ])
    const output = stdout + stderr
    figures(output)
    const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
    if (!report?.numTotalTests) return { failed: 1, output }
    if (on && !on.test(/^runtime: (.*)$/m.exec(output)?.[1] ?? '')) return { failed: 1, output: `it did not run on ${on}\n${output}` }
    const { numPassedTests: passed, numFailedTests, numPendingTests: skipped } = report
    const failed = numFailedTests || (status === 0 ? 0 : 1)
    return { passed, failed: failed + (ci ? skipped : 0), skipped: ci ? 0 : skipped, output: failed || (ci && skipped) ? output : '' }
  },
})

/** Where V8's own counters do not reach, the code itself counts. */
const counted = (lane) => ['--coverage', '--coverage.provider=istanbul', `--coverage.reportsDirectory=coverage/${lane}`]

/** Packages that only one lane needs are installed for it, in CI or where it is asked for by name. */
const installed = (dir, ...flags) => {
  if (existsSync(join(root, dir, 'node_modules'))) return undefined
  const command = `npm ci --prefix ${dir}`
  if (!ci && !only.length) return `what \`${command}\` installs`
  return sh('npm', ['ci', '--prefix', dir, '--no-audit', '--no-fund', ...flags]).status === 0
    ? undefined
    : `${command} fails: a package of it`
}
const llama = () => {
  if (!existsSync(join(root, '../shared/llm'))) return '../shared/llm'
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return 'a linux-x64 machine'
  // without scripts: they would look for a compiler
  return installed('test/llama', '--omit=optional', '--ignore-scripts')
}

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
const lanes = [
  check('format', 'oxfmt', ['--check', '.']),
  check('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
  check('types: src, without Node or Workers types', 'tsc', ['-p', '.']),
  check('types: node', 'tsc', ['-p', 'adapters/node']),
  check('types: workers', 'tsc', ['-p', 'adapters/cloudflare']),
  check('types: example chat', 'tsc', ['-p', 'examples/chat']),
  check('types: page', 'tsc', ['-p', 'src/http/page']),
  check('types: tests', 'tsc', ['-p', 'tsconfig.test.json']),
  check('types: browser tests', 'tsc', ['-p', 'test/browser']),
  check('types: tests in workerd', 'tsc', ['-p', 'test/workerd']),
  vitest('unit (Node)', 'node', { on: /^Node\.js\/24$/, args: ['--coverage'] }),
  vitest('unit (edge-light)', 'edge', { on: /^edge-light$/ }),
  vitest('unit (workerd)', 'workerd', { on: /^Cloudflare-Workers$/, args: counted('workerd') }),
  vitest('unit (Deno)', 'deno', {
    missing: () => missingRuntime('deno'),
    command: () => [runtime('deno'), 'run', '-A', '--no-lock'],
    on: /^Deno\/2/,
    args: counted('deno'),
  }),
  // in threads: Bun's child processes lack what Vitest's forks need
  vitest('unit (Bun)', 'bun', {
    missing: () => missingRuntime('bun'),
    command: () => [runtime('bun'), '--bun'],
    on: /^Bun\/1/,
    args: ['--pool=threads', ...counted('bun')],
  }),
  vitest('crash (workerd, killed)', 'crash', { when: tests('crash') }),
  vitest('AI SDK (the real one)', 'ai-sdk', { missing: () => installed('bench') }),
  check('types: tests with the AI SDK', 'tsc', ['-p', 'test/ai-sdk'], { missing: () => installed('bench') }),
  vitest('real model (Node, workerd)', 'llama', { missing: llama }),
  check('types: tests with a real model', 'tsc', ['-p', 'test/llama'], { missing: llama }),
  check('build', 'npm', ['run', '-s', 'build']),
  check('package: publint', 'publint', ['--strict']),
  check('package: types of every export', 'attw', ['--pack', '.', '--profile', 'esm-only']),
  check('package: JSR', () => [runtime('deno')], ['publish', '--dry-run', '--allow-dirty'], { missing: () => missingRuntime('deno') }),
  check('package: nothing unused', 'knip', []),
  check('package: installed into an empty project', 'node', ['.ci/pack.mjs']),
  check('page is fresh', 'node', ['.ci/page.mjs', '--check'], { when: existsSync(join(root, '.ci/page.mjs')) }),
  // the report of the lane above, where it ran; else it runs the behaviours itself
  check('every recording is read', 'node', ['.ci/recordings.mjs'], {
    missing: existsSync(join(root, '../shared/wire/recordings')) ? undefined : '../shared/wire/recordings',
  }),
  check('matrix of providers is fresh', 'node', ['.ci/matrix.mjs', '--check', '--report', join(temp, 'node.json')]),
  check('deploys', 'wrangler', ['deploy', '--dry-run', '--outdir', join(temp, 'worker')]),
  check('cold evaluation of the worker', 'node', ['.ci/cold.mjs']),
  check('snippets of the README and the docs', 'node', ['.ci/snippets.mjs']),
  check('types: examples, against the built package', 'tsc', ['-p', 'examples']),
  check('example (Node, killed)', 'node', ['.ci/examples.mjs', 'node']),
  check('example (Deno)', 'node', ['.ci/examples.mjs', 'deno'], { missing: () => missingRuntime('deno') }),
  check('example (Bun)', 'node', ['.ci/examples.mjs', 'bun'], { missing: () => missingRuntime('bun') }),
  check('example (Vercel, edge-light)', 'node', ['.ci/examples.mjs', 'vercel']),
  check('example (Cloudflare, killed)', 'node', ['.ci/examples.mjs', 'cloudflare']),
  vitest('browser (Chromium, workerd)', 'browser', { when: tests('browser'), ...(chromium ? {} : { missing: 'Debian package chromium' }) }),
  {
    name: 'bench',
    // it installs the peers: only where asked for
    when: ci || only.length > 0,
    run: () => {
      const { status, stdout, stderr } = sh('node', ['bench/index.ts'])
      console.log(stdout.replace(/^(?=.)/gm, '    '))
      if (status === 2) return { [ci ? 'failed' : 'skipped']: 1, output: stderr }
      if (status !== 0) return { failed: 1, output: stderr }
      // its types need the peers that it has installed
      const types = sh('tsc', ['-p', 'bench'])
      return types.status === 0 ? { passed: 1 } : { failed: 1, output: types.stdout }
    },
  },
  check(`coverage of lines ≥ ${coverage} %, all lanes together`, 'node', ['.ci/coverage.mjs', String(coverage)]),
]

for (const { name, when, missing: missingOf, run } of lanes) {
  if (!when || (only.length && !only.some((word) => name.includes(word)))) continue
  const started = Date.now()
  const missing = typeof missingOf === 'function' ? missingOf() : missingOf
  if (missing) {
    sum[ci ? 'failed' : 'skipped']++
    console.log(`${ci ? '✗' : '-'} ${name}: ${missing} is missing`)
    continue
  }
  const { passed = 0, failed = 0, skipped = 0, output = '' } = run()
  sum.passed += passed
  sum.failed += failed
  sum.skipped += skipped
  console.log(
    `${failed ? '✗' : '✓'} ${name}: ${passed} passed${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  )
  if (failed) console.log(output.slice(-8000))
}
rmSync(temp, { recursive: true, force: true })
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`)
process.exitCode = sum.failed || !sum.passed ? 1 : 0
