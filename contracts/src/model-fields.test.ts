import { expect, test } from 'bun:test'
import { Model, type ModelSpec, type Setting } from './model.ts'
import { countInputs, describeSetting, isSettingActive, isValidSetting, toModel, withDefaults } from './model-fields.ts'

const SPEC: ModelSpec = {
  id: 'openai/painter',
  name: 'Painter',
  connection: 'openai',
  kind: 'image',
  note: null,
  operations: ['generate', 'edit'],
  sizes: {
    kind: 'list',
    sizes: [
      { width: 1536, height: 1024 },
      { width: 1024, height: 1024 },
    ],
    auto: true,
  },
  durations: [],
  maxOutputs: 4,
  outputsPerCall: 1,
  inputs: [{ role: 'reference', min: 0, max: 16, maxBytes: null, types: [], needsPublicUrl: false }],
  mask: 'alpha-is-edit',
  promptCharacters: 1_000,
  seed: null,
  negativePrompt: false,
  settings: {
    quality: { type: 'string', title: 'Quality', enum: ['low', 'high'], default: 'low' },
    background: { type: 'string', title: 'Background' },
  },
  price: { kind: 'table', currency: 'USD', by: ['quality', 'size'], rows: { 'low 1536x1024': 16_000 } },
  answers: 'at-once',
  resume: 'no',
  cancel: 'no',
  previews: false,
  progress: false,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 4,
  estimatedSecondsEach: 1,
  maxSeconds: 600,
}

test('a model has the fields that pages of the version before read', () => {
  const model = Model.parse(toModel(SPEC))
  expect(model).toMatchObject({
    provider: 'openai',
    aspectRatios: ['3:2', '1:1'],
    resolutions: ['1536x1024', 'auto'],
    maxReferences: 16,
    cost: { amount: 0.016, currency: 'USD' },
    learnedSeconds: {},
  })
  const costs = (['free', 'unknown'] as const).map(kind => toModel({ ...SPEC, price: { kind } }).cost)
  expect(costs).toEqual([null, null])
  expect(countInputs(SPEC, 'first-frame')).toBe(0)
})

test('a call has the chosen settings and the defaults of the model, and nothing for the provider to decide', () => {
  expect(withDefaults(SPEC, {})).toEqual({ quality: 'low' })
  expect(withDefaults(SPEC, { quality: 'high', background: 'opaque' })).toEqual({
    quality: 'high',
    background: 'opaque',
  })
})

const setting = (fields: Partial<Setting>): Setting => ({ type: 'number', title: '', ...fields })

test.each<[Partial<Setting>, unknown[], unknown[], string]>([
  [
    { minimum: 0, maximum: 1, multipleOf: 0.1 },
    [0, 0.3, 0.7, 1],
    [-0.1, 1.1, 0.25, NaN, '0.3', true],
    'can be a number from 0 to 1',
  ],
  [{ type: 'integer', minimum: 1 }, [1, 50], [0, 1.5, 2 ** 53, Infinity, '1'], 'can be a whole number from 1'],
  [{ maximum: 9 }, [-5, 9], [9.01], 'can be a number up to 9'],
  [{}, [0.5], [-Infinity], 'can be a number'],
  [{ type: 'boolean' }, [true, false], ['true', 1], 'can be true or false'],
  [{ type: 'string', maxLength: 3 }, ['', 'abc'], ['abcd', 3], 'can be a text of at most 3 characters'],
  [{ type: 'string' }, ['x'.repeat(1_000)], ['x'.repeat(1_001)], 'can be a text of at most 1000 characters'],
  [{ type: 'string', enum: ['a', 'b'] }, ['a'], ['c', 'A', ''], 'can be a, b'],
  [{ type: 'integer', enum: [1, 2] }, [1], [3, '1'], 'can be 1, 2'],
])('%#: the values of a setting: %j', (fields, valid, invalid, description) => {
  const given = setting(fields)
  const isValid = (value: unknown) => isValidSetting(given, value as string)
  expect(valid.filter(value => !isValid(value))).toEqual([])
  expect(invalid.filter(isValid)).toEqual([])
  expect(describeSetting(given)).toBe(description)
})

test('a setting is active with the values of another that it names', () => {
  const given = setting({ 'x-when': { setting: 'format', in: ['jpeg', 'webp'] } })
  const formats = ['png', 'jpeg', 'webp']
  expect(formats.map(format => isSettingActive(given, { format }))).toEqual([false, true, true])
  expect([isSettingActive(given, {}), isSettingActive(setting({}), {})]).toEqual([false, true])
})
