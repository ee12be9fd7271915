import { join } from 'node:path'
import { TEST_CACHE } from '../src/testing.ts'
import { findCaddy } from './caddy.ts'
import { findChromium } from './chromium.ts'
import { findNatsServer } from './nats-server.ts'
import { onStopSignals } from './stop-signals.ts'
import { sum, type Tally, tallyOf } from './tally.ts'

const ROOT = join(import.meta.dirname, '..', '..')

type Tools = { signal: AbortSignal; say: (line: string) => void }

/**
 * `bun run test`: gets what the tests need, then runs every check and every test, and ends with how many passed and failed.
 *
 * @param args if given: only `bun test` with them
 * @returns the exit code
 */
export async function main(args: string[]): Promise<number> {
  const stopping = new AbortController()
  const stop = () => stopping.abort(new Error('The tests were stopped.'))
  onStopSignals({ stop, force: () => process.exit(1) })
  const tools = { signal: stopping.signal, say: (line: string) => process.stdout.write(`${line}\n`) }
  const { passed, failed } = sum(await runAll(args, tools).catch(error => [report(error, tools)]))
  tools.say(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function runAll(args: string[], tools: Tools): Promise<Tally[]> {
  await findNatsServer({ cacheDir: TEST_CACHE, ...tools })
  await findCaddy({ cacheDir: TEST_CACHE, ...tools })
  if (args.length > 0) return [await run(['test', ...args], tools)]
  return [await run(['run', 'check'], tools), await run(['test'], tools), ...(await runBrowserTests(tools))]
}

/** One after the other: each has a whole studio and a browser. */
async function runBrowserTests(tools: Tools): Promise<Tally[]> {
  const files = [...new Bun.Glob('frontend/e2e/*.browser.ts').scanSync({ cwd: ROOT })].sort()
  if (files.length === 0) return []
  try {
    const env = { CHROMIUM_PATH: await findChromium(tools) }
    const tallies: Tally[] = []
    for (const file of files) tallies.push(await run(['test', `./${file}`], tools, env))
    return tallies
  } catch (error) {
    return [report(error, tools)]
  }
}

async function run(args: string[], { signal, say }: Tools, env: Record<string, string> = {}): Promise<Tally> {
  signal.throwIfAborted()
  say(`\n$ bun ${args.join(' ')}`)
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
  })
  const written = await Promise.all([show(child.stdout, process.stdout), show(child.stderr, process.stderr)])
  return tallyOf(written.join('\n'), await child.exited)
}

/** Passes on what comes as it comes. @returns all of it */
async function show(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of from) {
    to.write(chunk)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function report(error: unknown, { say }: Tools): Tally {
  say(error instanceof Error ? error.message : String(error))
  return { passed: 0, failed: 1 }
}
