import { Generation } from '@darkroom/contracts/generation'
import { until } from '../../local/process/wait-until.ts'

const DRAW_MS = 30_000

/**
 * Makes a picture in a studio, by HTTP alone: the proof that all of it works. While a part starts again the studio says so and
 * means to be asked again: it is.
 *
 * @returns where the picture is
 * @throws Error if there is no whole picture in half a minute
 */
export async function draw(studio: string): Promise<string> {
  const wait = { what: 'The picture', milliseconds: DRAW_MS, signal: AbortSignal.timeout(DRAW_MS) }
  const clientId = crypto.randomUUID()
  const { id } = await until(signal => submit(studio, clientId, signal), wait)
  const picture = await until(signal => outputOf(`${studio}/api/generations/${id}`, signal), wait)
  await until(async () => (await hasPicture(studio, picture)) || undefined, wait)
  return picture
}

/** Whether there is a picture at an address within a studio. */
export async function hasPicture(studio: string, path: string): Promise<boolean> {
  const answer = await fetch(new URL(path, studio))
  const bytes = await answer.bytes()
  return answer.ok && (answer.headers.get('content-type') ?? '').startsWith('image/') && bytes.length > 1_000
}

/** Whether the interface is there, with what its page asks for. */
export async function hasInterface(studio: string): Promise<boolean> {
  const page = await fetch(studio)
  const scripts = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
  const answers = await Promise.all(scripts.map(path => fetch(`${studio}${path}`)))
  return page.ok && scripts.length > 0 && answers.every(answer => answer.ok)
}

/** Sent again under the same name it is still one generation. */
async function submit(studio: string, clientId: string, signal: AbortSignal): Promise<Generation | undefined> {
  const generation = {
    clientId,
    prompt: 'a quiet harbour',
    model: 'demo',
    parameters: { numOutputs: 1, resolution: 512 },
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(generation)
  return await ask(`${studio}/api/generate`, { method: 'POST', headers, body, signal })
}

async function outputOf(url: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await ask(url, { signal })
  if (!found) return undefined
  const { status, error, outputs } = found
  if (status === 'failed') throw new Error(`the generation failed: ${error?.message}`)
  return status === 'completed' ? (outputs[0]?.url ?? undefined) : undefined
}

/** @returns undefined if it is to be asked again */
async function ask(url: string, init: RequestInit): Promise<Generation | undefined> {
  const answer = await fetch(url, init)
  if (answer.status === 503) return undefined
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return Generation.parse(await answer.json())
}
