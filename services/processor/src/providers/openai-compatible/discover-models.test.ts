import { expect, test } from 'bun:test'
import type { ModelSpec } from '@darkroom/contracts/model'
import { createOpenAiCompatibleAdapter } from './openai-compatible-adapter.ts'

test('a proxy that names no price of an image, or 0 because it counts otherwise, has no free model', async () => {
  const info = (cost: number | undefined) => ({ mode: 'image_generation', output_cost_per_image: cost })
  const models = await listModels('litellm', {
    '/model/info': [
      { model_name: 'priced', model_info: info(0.04) },
      { model_name: 'by-pixels', model_info: { ...info(0), input_cost_per_pixel: 5e-8 } },
      { model_name: 'unpriced', model_info: info(undefined) },
    ],
  })
  expect(models.map(({ name, price }) => [name, price.kind])).toEqual([
    ['priced', 'per-output'],
    ['by-pixels', 'unknown'],
    ['unpriced', 'unknown'],
  ])
})

test('a model whose name no database takes is left out, and takes no other with it', async () => {
  const title = `${'a'.repeat(99)}\u{1f600}`
  const models = await listModels('openai', {
    '/models': [{ id: 'image-a\0b' }, { id: 'image-\ud800' }, { id: 'image', display_name: title }],
  })
  expect(models.map(({ id }) => id)).toEqual(['c/image'])
  expect(models[0]?.name.isWellFormed()).toBe(true)
})

test('a model that leaves says when, in whatever way its server names the day, and one that has left is not offered', async () => {
  const models = await listModels('openai', {
    '/models': [
      { id: 'image-day', shutdown_date: '2099-01-31' },
      { id: 'image-time', expiration_date: '2099-01-31T10:00:00Z' },
      { id: 'image-seconds', shutdown_date: 4_073_500_800 },
      { id: 'image-stays', shutdown_date: null },
      { id: 'image-odd', shutdown_date: 'soon', expiration_date: -1 },
      { id: 'image-left', shutdown_date: '2020-01-31' },
    ],
  })
  expect(models.map(({ name, retiresAt }) => [name, retiresAt])).toEqual([
    ['image-day', '2099-01-31'],
    ['image-time', '2099-01-31'],
    ['image-seconds', '2099-01-31'],
    ['image-stays', null],
    ['image-odd', null],
  ])
})

/** Lists the models of a server that has these pages. */
async function listModels(server: 'litellm' | 'openai', pages: Record<string, object[]>): Promise<ModelSpec[]> {
  const respond = async (url: unknown) => {
    const page = Object.entries(pages).find(([path]) => String(url).endsWith(path))
    return page ? Response.json({ data: page[1] }) : new Response('{}', { status: 404 })
  }
  const adapter = createOpenAiCompatibleAdapter({
    connection: 'c',
    baseUrl: 'http://127.0.0.1:9/v1',
    key: null,
    dialect: { server },
    foundDialect: null,
    fetch: Object.assign(respond, { preconnect: fetch.preconnect }),
  })
  return await adapter.models(AbortSignal.timeout(60_000))
}
