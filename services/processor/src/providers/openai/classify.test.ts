import { expect, test } from 'bun:test'
import { classifyOpenAi } from './classify.ts'

function classify(status: number, error: Record<string, unknown>) {
  return classifyOpenAi({ status, headers: new Headers(), body: { error } })
}

test('tells money from speed, and a country from a permission', () => {
  for (const code of ['insufficient_quota', 'project_spend_limit_exceeded', 'organization_usage_limit_exceeded'])
    expect(classify(429, { code })).toEqual({ code: 'payment_required' })
  expect(classify(429, { type: 'insufficient_quota', code: 'new_code' })).toEqual({ code: 'payment_required' })
  expect(classify(400, { code: 'billing_hard_limit_reached' })).toEqual({ code: 'payment_required' })
  expect(classify(429, { code: 'rate_limit_exceeded' })).toBeUndefined()
  expect(classify(403, { code: 'unsupported_country_region_territory' })).toMatchObject({ code: 'provider_refused' })
  expect(classify(403, { message: 'Missing scopes.' })).toMatchObject({ code: 'no_permission' })
})

test('names the field that was refused, and what is allowed', () => {
  expect(classify(400, { param: 'tools[0].output_compression' })?.message).toBe(
    'OpenAI does not take this value of Compression. It can be a whole number from 0 to 100, and not all with every model.',
  )
  expect(classify(400, { param: 'quality' })?.message).toContain('low, medium, high, xhigh, max, auto')
  expect(classify(400, { param: 'prompt', message: 'Too long.' })?.message).toBe(
    'OpenAI does not take this prompt. It says: “Too long.”',
  )
  expect(classify(400, { param: 'other' })).toMatchObject({ code: 'setting_refused' })
  for (const param of [
    'image',
    'image[1]',
    'images[0].image_url',
    'mask',
    'tools[0].input_image_mask',
    'input[0].content',
  ])
    expect([param, classify(400, { param })?.code]).toEqual([param, 'reference_refused'])
  expect(classify(400, { param: 'input_fidelity' })?.code).toBe('setting_refused')
  expect(classify(400, { param: 'model' })?.code).toBe('model_unknown')
})

test('leaves what it does not know to the status', () => {
  for (const body of [undefined, 'no', null, {}, { error: 'no' }, { error: null }, []])
    expect(classifyOpenAi({ status: 400, headers: new Headers(), body })).toBeUndefined()
  expect(classify(500, { code: 'moderation_blocked' })).toBeUndefined()
  expect(classify(404, {})).toBeUndefined()
  expect(classify(400, { code: 5, message: {}, param: [] })).toEqual({
    code: 'provider_refused',
    message: 'The provider refused.',
  })
})
