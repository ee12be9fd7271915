import type { Setting } from '@darkroom/contracts/model'
import { createChoice, inOrder } from '../server-names.ts'
import type { ServerLists } from './server-lists.ts'

const EDIT = { 'x-group': 'With an image' }
const HIRES = { 'x-group': 'Second pass' }
const IF_HIRES: Pick<Setting, 'x-when' | 'x-group'> = { ...HIRES, 'x-when': { setting: 'hires', in: [true] } }

/** Returns the settings of a checkpoint. Sampler and scheduler have no default: the server has its own. */
export function createCheckpointSettings(lists: ServerLists): Record<string, Setting> {
  const { samplers, schedulers, upscalers, latentModes } = lists
  const hiresUpscalers = [...new Set([...latentModes, ...upscalers])]
  return inOrder({
    steps: { type: 'integer', title: 'Steps', minimum: 1, maximum: 150, default: 20 },
    cfg_scale: { type: 'number', title: 'Guidance (CFG)', minimum: 0, maximum: 30, default: 7 },
    ...createChoice('sampler', samplers, { title: 'Sampler' }),
    ...createChoice('scheduler', schedulers, { title: 'Scheduler' }),
    clip_skip: { type: 'integer', title: 'CLIP skip', minimum: 1, maximum: 12 },
    denoising: {
      ...{ type: 'number', title: 'Strength of the change', minimum: 0, maximum: 1, default: 0.75 },
      ...EDIT,
    },
    mask_blur: { type: 'integer', title: 'Blur of the mask', minimum: 0, maximum: 64, default: 4, ...EDIT },
    masked_only: {
      ...{ type: 'boolean', title: 'Only the masked part', default: false },
      description: 'The masked part is made in the whole size, then put back.',
      ...EDIT,
    },
    hires: { type: 'boolean', title: 'Second pass, larger', default: false, ...HIRES },
    ...createChoice('hires_upscaler', hiresUpscalers, { title: 'Upscaler', preset: hiresUpscalers[0], ...IF_HIRES }),
    hires_scale: { type: 'number', title: 'Times as large', minimum: 1, maximum: 4, default: 2, ...IF_HIRES },
    hires_steps: {
      ...{ type: 'integer', title: 'Steps (0: as before)', minimum: 0, maximum: 150, default: 0 },
      ...IF_HIRES,
    },
    hires_denoising: { type: 'number', title: 'Strength', minimum: 0, maximum: 1, default: 0.7, ...IF_HIRES },
  })
}
