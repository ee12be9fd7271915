import { join } from 'node:path'
import pLimit from 'p-limit'
import { TEST_CACHE } from '../testing/test-resources.ts'
import { onStopSignals } from './launch/stop-signals.ts'
import { findCaddy } from './programs/caddy.ts'
import { findChromium } from './programs/chromium.ts'
import { findNatsServer } from './programs/nats-server.ts'
import { sum, type Tally, tallyOf } from './test-summary.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** A test that says nothing else may take so long: a busy machine starts a database slowly, and one that is late fails the rest. */
const TEST = ['test', '--timeout', '30000']

type Tools = { signal: AbortSignal; say: (line: string) => void }

/**
 * `bun run test`: gets what the tests need, then runs every check and every test, and ends with how many passed and failed.
 *
 * @param args `--faults`: only the fault tests; anything else: only `bun test` with it
 * @returns the exit code
 */
export async function main(args: string[]): Promise<number> {
  const stopping = new AbortController()
  const stop = () => stopping.abort(new Error('The tests were stopped.'))
  onStopSignals({ stop, force: () => process.exit(1) })
  const tools = { signal: stopping.signal, say: (line: string) => process.stdout.write(`${line}\n`) }
  const { passed, failed, failures } = sum(await runAll(args, tools).catch(error => [report(error, tools)]))
  if (failures.length > 0) tools.say(`\nWhat failed, once more:\n\n${failures.join('\n\n')}\n`)
  tools.say(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function runAll(args: string[], tools: Tools): Promise<Tally[]> {
  await findNatsServer({ cacheDir: TEST_CACHE, ...tools })
  await findCaddy({ cacheDir: TEST_CACHE, ...tools })
  const faults = filesOf('infra/faults/chaos/*.faults.ts').map(file => [file])
  if (args[0] === '--faults') return await runSideBySide(faults, tools)
  if (args.length > 0) return [await run([...TEST, ...args], tools)]
  const checked = await run(['run', 'check'], tools)
  const tested = await runSideBySide([...halvesOf(filesOf('**/*.test.ts')), ...faults], tools)
  return [checked, ...tested, ...(await runBrowserTests(tools))]
}

/** Two at a time: what is slow mostly waits for processes that it started. */
async function runSideBySide(parts: readonly string[][], tools: Tools): Promise<Tally[]> {
  const limit = pLimit(2)
  return await Promise.all(parts.map(files => limit(() => run([...TEST, ...files], tools, { shows: 'end' }))))
}

/** Those that start whole studios, and the others: both take about as long. */
function halvesOf(files: readonly string[]): string[][] {
  const startsStudios = (file: string) => /^\.\/infra\/(local|faults|testing|deploy)\//.test(file)
  return [files.filter(startsStudios), files.filter(file => !startsStudios(file))]
}

/** One after the other: each has a whole studio and a browser. */
async function runBrowserTests(tools: Tools): Promise<Tally[]> {
  const files = filesOf('frontend/e2e/*.browser.ts')
  if (files.length === 0) return []
  try {
    const env = { CHROMIUM_PATH: await findChromium(tools) }
    const tallies: Tally[] = []
    for (const file of files) tallies.push(await run([...TEST, file], tools, { env }))
    return tallies
  } catch (error) {
    return [report(error, tools)]
  }
}

/** As they are named to `bun test`, which would take them for parts of names otherwise. */
function filesOf(pattern: string): string[] {
  const found = [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]
  const ours = found.filter(file => !/(^|\/)node_modules\//.test(file))
  return ours.sort().map(file => `./${file}`)
}

interface RunOptions {
  env?: Record<string, string>
  /** Whether what it writes is shown as it comes, or all at once at its end, because others run beside it. */
  shows?: 'live' | 'end'
}

async function run(args: string[], { signal, say }: Tools, options: RunOptions = {}): Promise<Tally> {
  signal.throwIfAborted()
  const { env = {}, shows = 'live' } = options
  const head = `\n$ bun ${named(args)}`
  if (shows === 'live') say(head)
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
  })
  const to = shows === 'live' ? { out: process.stdout, err: process.stderr } : {}
  const written = await Promise.all([read(child.stdout, to.out), read(child.stderr, to.err)])
  if (shows === 'end') say([head, ...written].join('\n'))
  return tallyOf(written.join('\n'), await child.exited)
}

function named(args: string[]): string {
  const files = args.filter(arg => arg.startsWith('./'))
  return files.length < 4 ? args.join(' ') : `${TEST.join(' ')} (${files.length} files)`
}

/** Passes on what comes as it comes, if anybody wants it. @returns all of it */
async function read(from: ReadableStream<Uint8Array>, to?: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of from) {
    to?.write(chunk)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function report(error: unknown, { say }: Tools): Tally {
  const failure = error instanceof Error ? error.message : String(error)
  say(failure)
  return { passed: 0, failed: 1, failures: [failure] }
}
