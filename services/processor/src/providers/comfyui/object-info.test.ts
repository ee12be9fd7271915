import { expect, test } from 'bun:test'
import { getChoices, type NodeClass, toSetting } from './object-info.ts'

test('what cannot be stored is no choice, and a description is not cut within a character', () => {
  const node: NodeClass = {
    input: {
      required: {
        ckpt_name: [['good.ckpt', 'caf\udce9.ckpt', 'nul\0.ckpt', 7]],
        cfg: ['FLOAT', { tooltip: `${'a'.repeat(299)}😀` }],
      },
    },
  }
  expect(getChoices(node, 'ckpt_name')).toEqual(['good.ckpt', 7])
  expect(toSetting(node, 'cfg', { value: 7, order: 0 })?.description?.isWellFormed()).toBe(true)
})
