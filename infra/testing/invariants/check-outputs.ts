import { PREVIEW_WIDTHS, previewKey } from '@darkroom/contracts/previews'
import type { Store } from '../../src/store/store.ts'
import type { ClientLog } from './client-log.ts'
import type { GenerationSnapshot, OutputSnapshot } from './generation-snapshots.ts'

/** Checks I6: a generation has each output once, and each output is in the state of its row. */
export async function checkOutputs(store: Store, generation: GenerationSnapshot): Promise<string[]> {
  const { outputs, numOutputs, status, error } = generation
  const violations: string[] = []
  if (outputs.map(({ index }) => index).join() !== [...Array(numOutputs).keys()].join())
    violations.push(`I6 it has the outputs ${outputs.map(({ index }) => index).join()} of ${numOutputs}`)
  if (status === 'completed' && !outputs.some(hasResult))
    violations.push('I6 it is completed, and nothing of it is kept')
  if (status === 'failed' && error === null) violations.push('I6 it failed and does not say why')
  if (status === 'completed' && outputs.some(({ state }) => state === 'pending' || state === 'saving'))
    violations.push(`I6 it is completed, and its outputs are ${outputs.map(({ state }) => state).join()}`)
  return [...violations, ...(await Promise.all(outputs.map(output => checkOutput(store, generation, output)))).flat()]
}

function hasResult({ state }: OutputSnapshot): boolean {
  return state === 'stored' || state === 'temporary' || state === 'lost'
}

async function checkOutput(store: Store, generation: GenerationSnapshot, output: OutputSnapshot): Promise<string[]> {
  if (output.state === 'temporary')
    return output.isTriedFor ? [] : [`I6 output ${output.index} is temporary without a scheduled rehost`]
  if (output.state !== 'stored' || output.key === null) return []
  const { key } = output
  // A rehosted output has the number of the try after that of the attempt.
  const attempt = Number.parseInt(key.split('/').at(-2) ?? '', 10)
  const violations = attempt <= generation.attempt ? [] : [`I3 output ${output.index} was stored by attempt ${attempt}`]
  const sha256 = await hashObject(store, key)
  if (sha256 !== output.sha256) violations.push(`I6 the object of output ${output.index} differs from its row`)
  const previews = await Promise.all(PREVIEW_WIDTHS.map(width => store.head(previewKey(key, width))))
  if (previews.includes(null)) violations.push(`I6 output ${output.index} lacks a preview`)
  return violations
}

/** Checks I1: each accepted reference is stored byte for byte, at the key of its hash. */
export async function checkReferences(store: Store, log: ClientLog): Promise<string[]> {
  const checked = log.references.map(async ({ id, url, sha256 }) => {
    const key = url.slice('/media/'.length)
    if (!key.includes(`/ref/${sha256}.`)) return [`I1 reference ${id} is at ${key}`]
    return (await hashObject(store, key)) === sha256 ? [] : [`I1 reference ${id} differs from the upload`]
  })
  return (await Promise.all(checked)).flat()
}

async function hashObject(store: Store, key: string): Promise<string | null> {
  const found = await store.get(key)
  if (!found) return null
  return new Bun.CryptoHasher('sha256').update(await new Response(found.body).bytes()).digest('hex')
}
