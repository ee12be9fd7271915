import { waitFor } from './wait-for.ts'

/** A script that serves HTTP, in a process of its own. */
export interface ScriptProcess extends AsyncDisposable {
  readonly url: string
}

export interface ScriptOptions {
  args?: readonly string[]
  /** Address of a script that does not write it. It is ready once it responds there. */
  url?: string
}

const START_TIMEOUT_MS = 60_000

/**
 * Starts a script that writes its address as its first line, or that listens on a given one, and waits until it is ready.
 *
 * @throws Error when it ends first
 */
export async function startScript(file: string, { args = [], url }: ScriptOptions = {}): Promise<ScriptProcess> {
  const child = Bun.spawn([process.execPath, file, ...args], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  const stop = async () => {
    child.kill()
    await child.exited
  }
  const address = url === undefined ? await readFirstLine(child.stdout) : await waitUntilAnswered(url)
  if (address !== '') return { url: address, [Symbol.asyncDispose]: stop }
  await stop()
  throw new Error(`${file} ended before it wrote its address`)
}

async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes('\n')) break
  }
  return text.trim()
}

async function waitUntilAnswered(url: string): Promise<string> {
  await waitFor(`A response from ${url}`, START_TIMEOUT_MS, () => fetch(url).then(Boolean, () => false))
  return url
}
