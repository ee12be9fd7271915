import pLimit from 'p-limit'
import { TEST_CACHE } from '../testing/test-resources.ts'
import { listenForStopSignals } from './launch/stop-signals.ts'
import { findCaddy } from './programs/caddy.ts'
import { findChromium } from './programs/chromium.ts'
import { findNatsServer } from './programs/nats-server.ts'
import { findPgBouncer } from './programs/pgbouncer.ts'
import { ROOT } from './root.ts'
import { mergeSummaries, summarizeRun, type TestSummary } from './test-summary.ts'

/** Default time limit of a test. A busy machine starts a database slowly, and a timeout fails the rest of the file. */
const TEST_ARGS = ['test', '--timeout', '30000']

/** Folders whose tests start whole studios. */
const STUDIO_TEST_FOLDERS = [
  'infra/deploy',
  'infra/faults',
  'infra/local',
  'infra/testing/installs',
  'infra/testing/studio',
]

type TestContext = { signal: AbortSignal; onMessage: (line: string) => void }

/**
 * Runs `bun run test`: fetches the programs that tests need, runs every check and every test, and prints the number of passed
 * and failed tests last.
 *
 * @param args `--faults`: only the fault tests; anything else: only `bun test` with these arguments
 * @returns the exit code
 */
export async function main(args: string[]): Promise<number> {
  const abort = new AbortController()
  const stop = () => abort.abort(new Error('The tests were stopped.'))
  listenForStopSignals({ onStop: stop, onForceStop: () => process.exit(1) })
  const context = { signal: abort.signal, onMessage: (line: string) => process.stdout.write(`${line}\n`) }
  const { passed, failed, failures } = mergeSummaries(
    await runAll(args, context).catch(error => [reportFailure(error, context)]),
  )
  if (failures.length > 0) context.onMessage(`\nWhat failed, once more:\n\n${failures.join('\n\n')}\n`)
  context.onMessage(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function runAll(args: string[], context: TestContext): Promise<TestSummary[]> {
  await findNatsServer({ cacheDir: TEST_CACHE, ...context })
  await findCaddy({ cacheDir: TEST_CACHE, ...context })
  await findPgBouncer({ cacheDir: TEST_CACHE, ...context })
  const faults = findFiles('infra/faults/chaos/*.faults.ts').map(file => [file])
  if (args[0] === '--faults') return await runInParallel(faults, context)
  if (args.length > 0) return [await runBun([...TEST_ARGS, ...args], context)]
  const checked = await runBun(['run', 'check'], context)
  const tested = await runInParallel([...splitByStudio(findFiles('**/*.test.ts')), ...faults], context)
  return [checked, ...tested, ...(await runBrowserTests(context))]
}

/** Runs each group in a process of its own, two at a time: slow tests mostly wait for processes that they started. */
async function runInParallel(fileGroups: readonly string[][], context: TestContext): Promise<TestSummary[]> {
  const limit = pLimit(2)
  return await Promise.all(
    fileGroups.map(files => limit(() => runBun([...TEST_ARGS, ...files], context, { display: 'end' }))),
  )
}

/** Splits the test files into two halves that run side by side: those that start whole studios, and the rest. */
function splitByStudio(files: readonly string[]): string[][] {
  const startsStudios = (file: string) => STUDIO_TEST_FOLDERS.some(folder => file.startsWith(`./${folder}/`))
  return [files.filter(startsStudios), files.filter(file => !startsStudios(file))]
}

/** Runs the browser tests one after the other: each needs a whole studio and a browser. */
async function runBrowserTests(context: TestContext): Promise<TestSummary[]> {
  const files = findFiles('frontend/e2e/*.browser.ts')
  if (files.length === 0) return []
  try {
    const env = { CHROMIUM_PATH: await findChromium(context) }
    const summaries: TestSummary[] = []
    for (const file of files) summaries.push(await runBun([...TEST_ARGS, file], context, { env }))
    return summaries
  } catch (error) {
    return [reportFailure(error, context)]
  }
}

/** Returns the matching files with a leading `./`, without which `bun test` takes a path as a name filter. */
function findFiles(pattern: string): string[] {
  const found = [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]
  const ownFiles = found.filter(file => !/(^|\/)node_modules\//.test(file))
  return ownFiles.sort().map(file => `./${file}`)
}

interface RunOptions {
  env?: Record<string, string>
  /** `end`: print the output in one piece when the run has ended, because other runs are under way. */
  display?: 'live' | 'end'
}

async function runBun(
  args: string[],
  { signal, onMessage }: TestContext,
  options: RunOptions = {},
): Promise<TestSummary> {
  signal.throwIfAborted()
  const { env = {}, display = 'live' } = options
  const heading = `\n$ bun ${formatArgs(args)}`
  if (display === 'live') onMessage(heading)
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
  })
  const to = display === 'live' ? { out: process.stdout, err: process.stderr } : {}
  const outputs = await Promise.all([readStream(child.stdout, to.out), readStream(child.stderr, to.err)])
  if (display === 'end') onMessage([heading, ...outputs].join('\n'))
  return summarizeRun(outputs.join('\n'), await child.exited)
}

function formatArgs(args: string[]): string {
  const files = args.filter(arg => arg.startsWith('./'))
  return files.length < 4 ? args.join(' ') : `${TEST_ARGS.join(' ')} (${files.length} files)`
}

/** Reads a stream to its end, copying each chunk to `to` if given. @returns the whole text */
async function readStream(from: ReadableStream<Uint8Array>, to?: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of from) {
    to?.write(chunk)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function reportFailure(error: unknown, { onMessage }: TestContext): TestSummary {
  const failure = error instanceof Error ? error.message : String(error)
  onMessage(failure)
  return { passed: 0, failed: 1, failures: [failure] }
}
