import { Generation } from '@darkroom/contracts/generation'
import { until } from '../until.ts'

const DRAW_MS = 30_000

/**
 * Makes a picture in a studio, by HTTP alone: the proof that all of it works.
 *
 * @returns where the picture is
 * @throws Error if there is no whole picture in half a minute
 */
export async function draw(studio: string): Promise<string> {
  const body = { prompt: 'a quiet harbour', model: 'demo', parameters: { numOutputs: 1, resolution: 512 } }
  const sent = await fetch(`${studio}/api/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!sent.ok) throw new Error(`not accepted: ${await sent.text()}`)
  const { id } = Generation.parse(await sent.json())
  const wait = { what: 'The picture', milliseconds: DRAW_MS, signal: AbortSignal.timeout(DRAW_MS) }
  const picture = await until(() => outputOf(`${studio}/api/generations/${id}`), wait)
  if (!(await hasPicture(studio, picture))) throw new Error(`there is no picture at ${picture}`)
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

async function outputOf(url: string): Promise<string | undefined> {
  const answer = await fetch(url).catch(() => undefined)
  // While a part starts again the studio says so, and means to be asked again.
  if (!answer?.ok) return undefined
  const { status, error, outputs } = Generation.parse(await answer.json())
  if (status === 'failed') throw new Error(`the generation failed: ${error?.message}`)
  return status === 'completed' ? (outputs[0]?.url ?? undefined) : undefined
}
