import { expect } from 'bun:test'
import { become, cancel, claim, type Life, REOPENINGS, WRITES } from './lifecycle-model.ts'
import type { LifeGround } from './model-env.fixture.ts'

/** One generation, and everything that ever held it. */
export interface RealLife {
  ground: LifeGround
  id: string
  holds: number[]
}

/** Which output and which hold a step is about, where it is about one. */
export interface At {
  index: number
  hold: number
}

type Step = (life: Life, real: RealLife, at: At) => Promise<void>

/** Everything that can happen to a generation: done for real and in the model, and the answers compared. */
export const STEPS: Record<string, Step> = {
  claim: async (life, { ground, id, holds }) => {
    const expected = claim(life)
    const answer = (await ground.hands({ does: 'claim', id })) as { kind: string; hold?: number }
    expect(answer.kind).toBe(expected)
    if (answer.hold !== undefined) holds.push(answer.hold)
  },
  expire: async (life, { ground, id }) => {
    if (life.lease === 'live') life.lease = 'over'
    await ground.sql`
      update generation_jobs set lease_until = clock_timestamp() - interval '1 second'
      where generation_id = ${id} and lease_until is not null`
  },
  rehost: async (life, real) => await endRehost(life, real, 'rehost', 'stored'),
  lose: async (life, real) => await endRehost(life, real, 'lose', 'lost'),
  cancel: async (life, { ground, id }) => {
    const cancelled = cancel(life)
    const { status, said } = await ground.ingest('POST', `/api/generate/${id}/cancel`)
    expect({ status, said }).toMatchObject({ status: 200, said: { cancelled } })
  },
  delete: async (life, { ground, id }) => {
    if (life.place === 'studio') cancel(life)
    life.place = 'trash'
    expect((await ground.ingest('DELETE', `/api/generate/${id}`)).status).toBe(204)
  },
  restore: async (life, { ground, id }) => {
    life.place = 'studio'
    expect((await ground.ingest('POST', `/api/generate/${id}/restore`)).status).toBe(200)
  },
  ...Object.fromEntries(Object.entries(REOPENINGS).map(([verb, model]) => [verb, reopening(verb, model)])),
  ...Object.fromEntries(Object.entries(WRITES).map(([does, model]) => [does, writing(does, model)])),
}

function reopening(verb: string, model: (life: Life) => boolean): Step {
  return async (life, { ground, id }) => {
    const expected = model(life) ? 202 : 409
    expect((await ground.ingest('POST', `/api/generate/${id}/${verb}`)).status).toBe(expected)
  }
}

/** A worker's write, by whoever still holds it or ever did. */
function writing(does: string, model: (life: Life, index: number) => void): Step {
  return async (life, { ground, holds }, { index, hold }) => {
    if (holds.length === 0) return
    const which = hold % holds.length
    const expected = which === life.holder ? 'written' : 'refused'
    if (which === life.holder) model(life, index)
    expect(await ground.hands({ does, hold: holds[which] ?? -1, index })).toBe(expected)
  }
}

/** Which of those that are only at their provider is taken, the real one says. */
async function endRehost(life: Life, { ground }: RealLife, does: string, to: 'stored' | 'lost'): Promise<void> {
  const answer = (await ground.hands({ does })) as { index: number; isDone: boolean } | null
  expect(answer === null).toBe(!life.outputs.includes('temporary'))
  if (answer === null) return
  expect([life.outputs[answer.index], answer.isDone]).toEqual(['temporary', true])
  become(life, answer.index, ['temporary'], to)
}
