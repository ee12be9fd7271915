import { expect, test } from 'bun:test'
import { MAX_LINEAR_GROWTH, measureGrowth } from '@darkroom/infra/testing/measure-cpu'
import { createSecretPatterns, redact, redactHeaders, redactUrl } from './redact.ts'

const KEY = 'canary/+Key"9'
const patterns = createSecretPatterns([KEY])
const hide = (text: string) => redact(text, patterns)

test('a secret is found in each spelling in which a server may send it back', () => {
  const json = JSON.stringify(KEY).slice(1, -1)
  const texts = [KEY, KEY.toUpperCase(), json, json.replace('/', '\\/'), encodeURIComponent(KEY)]
  for (const text of [...texts, btoa(KEY), btoa(KEY).replace(/=+$/, '')]) expect(hide(`a ${text} b`)).toBe('a <key> b')
  expect(redact('a b c', createSecretPatterns(['a', '']))).toBe('a b c')
})

test('whatever looks like a key of somebody else is hidden', () => {
  const hex = '0123456789abcdef'.repeat(2)
  const keys = [`sk-${hex}`, 'sk-proj-abcdef', 'sk-ab*******yz', 'sk-...wxyz', 'abcd****wxyz', hex, crypto.randomUUID()]
  const accounts = ['org-0123456789abcdefghij', `req_${hex}`, 'AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY']
  for (const text of [...keys, ...accounts]) expect(hide(`for ${text}.`)).toBe('for <key>.')
  expect(hide('{"api_key": "short\\"er", "client_secret":"x"}')).toBe('{"api_key": "<key>", "client_secret":"<key>"}')
  expect(hide('GET /v1/models?key=short&page=2')).toBe('GET /v1/models?key=<key>&page=2')
  expect(hide('Bearer short')).toBe('Bearer <key>')
  expect(hide('http://me:pass@example.com/')).toBe('http://<key>@example.com/')
})

test('models, numbers and words stay, so that a transcript can become a fixture', () => {
  const text = JSON.stringify({
    id: 'black-forest-labs/flux-1-kontext-pro-max',
    models: ['stabilityai/stable-diffusion-3-5-large-turbo', 'gpt-image-1.5', 'google/gemini-2-flash-image-preview'],
    pricing: { image: '0.0000025', input_cost_per_token: 0.000001, max_tokens: 4096, user_defined_model: true },
    created: 1_790_000_000,
  })
  expect(hide(text)).toBe(text)
})

test('paths of classes stay in a URL, and a key in it does not', () => {
  const url = 'http://127.0.0.1:38227/object_info/ImageOnlyCheckpointLoaderAdvanced'
  expect(redactUrl(url, patterns)).toBe(url)
  const key = '0123456789abcdef'.repeat(2)
  expect(redactUrl(`http://me:pass@host/v1/${key}/x?key=short`, patterns)).toBe(
    'http://<key>@host/v1/<key>/x?key=<key>',
  )
})

test('headers that carry a key, a session or an account are left out', () => {
  const headers = { authorization: `Bearer ${KEY}`, 'x-api-key': KEY, 'set-cookie': 'a=b', 'openai-organization': 'me' }
  expect(redactHeaders(new Headers({ ...headers, 'x-echo': KEY, server: 'uvicorn' }), patterns)).toEqual({
    server: 'uvicorn',
    'x-echo': '<key>',
  })
})

test.each(['x_', 'a-a*', '"key" : ', '://', 'x', '?key=', 'sk-', '/a1'])(
  'redacts a long text in linear time: %s',
  unit => {
    // The end makes a name of it that is none, which must not be looked for in each part again.
    const create = (length: number) => `${unit.repeat(length / unit.length)}+`
    expect(measureGrowth(create, 200_000, hide)).toBeLessThan(MAX_LINEAR_GROWTH)
  },
)
