import { expect, test } from 'bun:test'
import type { InputRole, ModelInput } from '@darkroom/contracts/model'
import fc from 'fast-check'
import { buildModel } from '../model.fixture.ts'
import { assignRoles, describeMissing, describeUnsent, type RoleCandidate } from './reference-roles.ts'

const input = (role: InputRole, max: number, min = 0): ModelInput => ({
  ...{ role, min, max, maxBytes: null },
  ...{ types: [], needsPublicUrl: false },
})
const image = (role: InputRole | null = null, isLeftOver = false): RoleCandidate => ({
  ...{ role, isLeftOver, state: 'ready', canRetry: false },
})
const PLAIN = buildModel({ name: 'FLUX.2 pro', inputs: [input('reference', 2)] })
const STYLED = buildModel({ name: 'Ideogram', inputs: [input('reference', 2), input('style', 1)] })
const VIDEO = buildModel({ name: 'Veo', inputs: [input('first-frame', 1, 1), input('last-frame', 1)] })

test('an image without a chosen role is a reference, or the next role of a model without references', () => {
  expect(assignRoles([image(), image(), image()], PLAIN)).toEqual(['reference', 'reference', null])
  expect(assignRoles([image(), image(), image()], VIDEO)).toEqual(['first-frame', 'last-frame', null])
})

test('a chosen role counts before the others, once each, and is dropped for a model that does not know it', () => {
  expect(assignRoles([image(), image('first-frame')], VIDEO)).toEqual(['last-frame', 'first-frame'])
  expect(assignRoles([image('style'), image('style')], STYLED)).toEqual(['style', null])
  expect(assignRoles([image('style')], PLAIN)).toEqual(['reference'])
})

test('a mask is sent as a mask or not at all', () => {
  expect(assignRoles([image('mask'), image()], PLAIN)).toEqual([null, 'reference'])
  expect(assignRoles([image('mask')], buildModel({ mask: 'white-is-edit' }))).toEqual(['mask'])
  expect(describeUnsent([image('mask')], PLAIN)).toEqual(['FLUX.2 pro takes no mask. It stays here and is not sent.'])
})

test('what was left over or has failed is not sent, and takes nothing away from the others', () => {
  const failed = { ...image(), state: 'failed' } as const
  const assigned = assignRoles([image(null, true), failed, image(), image()], PLAIN)
  expect(assigned).toEqual([null, null, 'reference', 'reference'])
})

test('says which images a model does not take, and which it needs', () => {
  expect(describeUnsent([image(), image(), image()], PLAIN)).toEqual([
    'FLUX.2 pro takes 2 references. The last one stays here and is not sent.',
  ])
  expect(describeUnsent([image('first-frame'), image('first-frame')], VIDEO)).toEqual([
    'Veo takes one first frame. Further ones stay here and are not sent.',
  ])
  expect(describeUnsent([image(), image(), image()], VIDEO)).toEqual([
    'Veo takes one first frame and one last frame. The last one stays here and is not sent.',
  ])
  expect(describeUnsent([image()], buildModel({ name: 'Old', inputs: [] }))).toEqual([
    'Old takes no references. They stay here and are not sent.',
  ])
  expect(describeMissing([], VIDEO)).toEqual(['Veo needs a first frame.'])
  expect(describeMissing([image('last-frame')], VIDEO)).toEqual(['Veo needs a first frame.'])
  expect(describeMissing([image()], VIDEO)).toEqual([])
})

test('never assigns more images of a role than the model takes', () => {
  const roles = fc.constantFrom<InputRole | null>(null, 'reference', 'style', 'source', 'mask', 'first-frame')
  fc.assert(
    fc.property(fc.array(fc.tuple(roles, fc.boolean())), fc.constantFrom(PLAIN, STYLED, VIDEO), (items, model) => {
      const list = items.map(([role, isLeftOver]) => image(role, isLeftOver))
      const assigned = assignRoles(list, model)
      expect(assigned).toHaveLength(list.length)
      for (const { role, max } of model.inputs)
        expect(assigned.filter(item => item === role).length).toBeLessThanOrEqual(max)
      expect(assigned.every((role, index) => role === null || !list[index]?.isLeftOver)).toBe(true)
    }),
  )
})
