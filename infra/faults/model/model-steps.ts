import { expect } from 'bun:test'
import {
  cancel,
  claim,
  deleteOutput,
  type GenerationModel,
  purgeOutputs,
  REOPEN_ACTIONS,
  restoreOutput,
  setOutputIf,
  WORKER_WRITES,
} from './lifecycle-model.ts'
import type { ModelEnv } from './model-env.fixture.ts'

/** One generation, and every lease that it ever had. */
export interface RealGeneration {
  env: ModelEnv
  id: string
  leases: number[]
}

/** The output and the lease of a step that needs them. */
export interface StepInput {
  index: number
  lease: number
}

type Step = (model: GenerationModel, real: RealGeneration, input: StepInput) => Promise<void>

/** Steps that can happen to a generation: each is run for real and in the model, and the results are compared. */
export const STEPS: Record<string, Step> = {
  claim: async (model, { env, id, leases }) => {
    const expected = claim(model)
    const response = (await env.runWorkerCommand({ action: 'claim', id })) as { kind: string; lease?: number }
    expect(response.kind).toBe(expected)
    if (response.lease !== undefined) leases.push(response.lease)
  },
  expire: async (model, { env, id }) => {
    if (model.lease === 'live') model.lease = 'expired'
    await env.sql`
      update generation_jobs set lease_until = clock_timestamp() - interval '1 second'
      where generation_id = ${id} and lease_until is not null`
  },
  makeAll: async (model, real, { index }) => await makeAll(model, real, index),
  rehost: async (model, real) => await endRehost(model, real, 'rehost', 'stored'),
  markLost: async (model, real) => await endRehost(model, real, 'markLost', 'lost'),
  cancel: async (model, { env, id }) => {
    const cancelled = cancel(model)
    const { status, data } = await env.requestIngest('POST', `/api/generate/${id}/cancel`)
    expect({ status, data }).toMatchObject({ status: 200, data: { cancelled } })
  },
  delete: async (model, { env, id }) => {
    if (!model.isTrashed) cancel(model)
    model.isTrashed = true
    expect((await env.requestIngest('DELETE', `/api/generate/${id}`)).status).toBe(204)
  },
  restore: async (model, { env, id }) => {
    model.isTrashed = false
    expect((await env.requestIngest('POST', `/api/generate/${id}/restore`)).status).toBe(200)
  },
  deleteOutput: async (model, { env, id }, { index }) => {
    const expected = deleteOutput(model, index) ? 200 : 409
    expect((await env.requestIngest('DELETE', `/api/generate/${id}/outputs/${index}`)).status).toBe(expected)
  },
  restoreOutput: async (model, { env, id }, { index }) => {
    const expected = restoreOutput(model, index)
    expect((await env.requestIngest('POST', `/api/generate/${id}/outputs/${index}/restore`)).status).toBe(expected)
  },
  purgeOutputs: async (model, { env }) => {
    const expected = purgeOutputs(model)
    expect(await env.runWorkerCommand({ action: 'purgeOutputs' })).toBe(expected)
    await env.runWorkerCommand({ action: 'removeObjects' })
  },
  purgeTrash: async (model, { env, id }) => {
    model.isPurged = model.isTrashed
    const { data } = await env.requestIngest('DELETE', '/api/trash')
    expect(data).toEqual({ purged: Number(model.isPurged) })
    await env.runWorkerCommand({ action: 'removeObjects' })
    const { status } = await env.requestIngest('POST', `/api/generate/${id}/restore`)
    expect(status).toBe(model.isPurged ? 404 : 200)
  },
  ...Object.fromEntries(
    Object.entries(REOPEN_ACTIONS).map(([verb, applyToModel]) => [verb, createReopenStep(verb, applyToModel)]),
  ),
  ...Object.fromEntries(
    Object.entries(WORKER_WRITES).map(([action, applyToModel]) => [action, createWriteStep(action, applyToModel)]),
  ),
}

/** Claims a generation, makes all of its outputs, of which one is not stored yet, and finishes it: what any order of steps rarely does. */
async function makeAll(model: GenerationModel, real: RealGeneration, unstored: number): Promise<void> {
  const run = (step: string, index: number) => STEPS[step]?.(model, real, { index, lease: real.leases.length - 1 })
  await run('claim', 0)
  for (const index of model.outputs.keys()) {
    await run('url', index)
    if (index !== unstored) await run('store', index)
  }
  await run('finish', 0)
}

function createReopenStep(verb: string, applyToModel: (model: GenerationModel) => boolean): Step {
  return async (model, { env, id }) => {
    const expected = applyToModel(model) ? 202 : 409
    expect((await env.requestIngest('POST', `/api/generate/${id}/${verb}`)).status).toBe(expected)
  }
}

/** Creates a step in which a worker writes, with a current or a former lease. */
function createWriteStep(action: string, applyToModel: (model: GenerationModel, index: number) => void): Step {
  return async (model, { env, leases }, { index, lease }) => {
    if (leases.length === 0) return
    const which = lease % leases.length
    const expected = which === model.leaseHolder ? 'written' : 'refused'
    if (which === model.leaseHolder) applyToModel(model, index)
    expect(await env.runWorkerCommand({ action, lease: leases[which] ?? -1, index })).toBe(expected)
  }
}

/** Ends a rehost. The real worker decides which of the temporary outputs it takes. */
async function endRehost(
  model: GenerationModel,
  { env }: RealGeneration,
  action: string,
  to: 'stored' | 'lost',
): Promise<void> {
  const response = (await env.runWorkerCommand({ action })) as { index: number; isDone: boolean } | null
  expect(response === null).toBe(!model.outputs.includes('temporary'))
  if (response === null) return
  expect([model.outputs[response.index], response.isDone]).toEqual(['temporary', true])
  setOutputIf(model, response.index, ['temporary'], to)
}
