import pLimit from 'p-limit'
import { TEST_CACHE } from '../testing/test-resources.ts'
import { listenForStopSignals } from './launch/stop-signals.ts'
import { findCaddy } from './programs/caddy.ts'
import { findChromium } from './programs/chromium.ts'
import { findNatsServer } from './programs/nats-server.ts'
import { findNamespacePrefix, NO_NAMESPACE_MESSAGE } from './programs/network-namespace.ts'
import { findPgBouncer } from './programs/pgbouncer.ts'
import { ROOT } from './root.ts'
import { isBrowserTest, isClusterTest, planStages, type TestSequence } from './test-plan.ts'
import { mergeSummaries, summarizeRun, type TestSummary } from './test-summary.ts'

/**
 * One time limit for all tests and hooks, but a longer one of their own: it ends what hangs. A slow or busy machine never reaches it,
 * which matters because Bun then kills the child processes of the test, a shared database or browser among them, and the rest of the
 * file fails.
 */
const TEST_ARGS = ['test', '--timeout', '240000']

/** Number of test processes at a time. Slow tests mostly wait for processes that they started: two leave half of two cores idle. */
const CONCURRENT_RUNS = 3

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
  const faults = findFiles('infra/faults/{chaos,cluster}/*.faults.ts')
  if (args[0] === '--faults') return await runStages(planStages(faults), context)
  if (args.length > 0) return [await runBun([...TEST_ARGS, ...args], context)]
  const files = [...findFiles('frontend/e2e/*.browser.ts'), ...findFiles('**/*.test.ts'), ...faults]
  const limit = pLimit(CONCURRENT_RUNS)
  // Beside the tests: the checks use one core.
  const checked = limit(() => runBun(['run', 'check'], context, { display: 'end' }))
  return [...(await runStages(planStages(files), context, limit)), await checked]
}

/** Runs the sequences of each stage side by side, a few at a time, and prints the output of each process when it has ended. */
async function runStages(
  stages: readonly TestSequence[][],
  context: TestContext,
  limit = pLimit(CONCURRENT_RUNS),
): Promise<TestSummary[]> {
  const summaries: TestSummary[][] = []
  for (const sequences of stages)
    summaries.push(...(await Promise.all(sequences.map(sequence => limit(() => runSequence(sequence, context))))))
  return summaries.flat()
}

async function runSequence(sequence: TestSequence, context: TestContext): Promise<TestSummary[]> {
  try {
    const env = sequence.flat().some(isBrowserTest) ? { CHROMIUM_PATH: await findChromium(context) } : {}
    const prefix = sequence.flat().some(isClusterTest) ? findNamespacePrefix() : []
    if (!prefix) return reportMissingNamespace(context)
    const summaries: TestSummary[] = []
    for (const files of sequence)
      summaries.push(await runBun([...TEST_ARGS, ...files], context, { env, prefix, display: 'end' }))
    return summaries
  } catch (error) {
    return [reportFailure(error, context)]
  }
}

/** Says that the tests of several hosts do not run. They fail where `DARKROOM_CLUSTER_TESTS=required`, as in CI. */
function reportMissingNamespace(context: TestContext): TestSummary[] {
  if (process.env.DARKROOM_CLUSTER_TESTS === 'required')
    return [reportFailure(new Error(NO_NAMESPACE_MESSAGE), context)]
  context.onMessage(`\n${NO_NAMESPACE_MESSAGE}`)
  return []
}

/** Returns the matching files with a leading `./`, without which `bun test` takes a path as a name filter. */
function findFiles(pattern: string): string[] {
  const found = [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]
  const ownFiles = found.filter(file => !/(^|\/)node_modules\//.test(file))
  return ownFiles.sort().map(file => `./${file}`)
}

interface RunOptions {
  env?: Record<string, string>
  /** Words before the command. */
  prefix?: readonly string[]
  /** `end`: print the output in one piece when the run has ended, because other runs are under way. */
  display?: 'live' | 'end'
}

async function runBun(
  args: string[],
  { signal, onMessage }: TestContext,
  options: RunOptions = {},
): Promise<TestSummary> {
  signal.throwIfAborted()
  const { env = {}, prefix = [], display = 'live' } = options
  const heading = `\n$ bun ${formatArgs(args)}`
  if (display === 'live') onMessage(heading)
  const child = Bun.spawn([...prefix, process.execPath, ...args], {
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
  return files.length < 4 ? args.join(' ') : `${TEST_ARGS.join(' ')} ${files[0]} and ${files.length - 1} more files`
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
