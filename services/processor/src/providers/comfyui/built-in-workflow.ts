import { type ReadWorkflow, readWorkflow } from '@darkroom/infra/workflows/read-workflow'
import { getChoices, type NodeClass } from './object-info.ts'

/** The workflow that every server with a checkpoint can run. The checkpoint is a setting. */
const NAME = 'Text to image'
const CHECKPOINT_CLASS = 'CheckpointLoaderSimple'
const CHECKPOINT_INPUT = 'ckpt_name'

const GRAPH = {
  '1': { class_type: CHECKPOINT_CLASS, inputs: { ckpt_name: '' }, _meta: { title: '@ckpt_name' } },
  '2': { class_type: 'CLIPTextEncode', inputs: { text: '', clip: ['1', 1] }, _meta: { title: '@prompt' } },
  '3': { class_type: 'CLIPTextEncode', inputs: { text: '', clip: ['1', 1] }, _meta: { title: '@negative' } },
  '4': {
    class_type: 'EmptyLatentImage',
    inputs: { width: 1_024, height: 1_024, batch_size: 1 },
    _meta: { title: '@size @outputs' },
  },
  '5': {
    class_type: 'KSampler',
    inputs: {
      seed: 0,
      steps: 20,
      cfg: 7,
      sampler_name: 'euler',
      scheduler: 'normal',
      denoise: 1,
      model: ['1', 0],
      positive: ['2', 0],
      negative: ['3', 0],
      latent_image: ['4', 0],
    },
    _meta: { title: '@seed @steps @cfg @sampler_name @scheduler' },
  },
  '6': { class_type: 'VAEDecode', inputs: { samples: ['5', 0], vae: ['1', 2] } },
  '7': { class_type: 'SaveImage', inputs: { images: ['6', 0], filename_prefix: 'darkroom' } },
}

/** Classes of the nodes of the built-in workflow. */
export const BUILT_IN_CLASSES = [...new Set(Object.values(GRAPH).map(({ class_type }) => class_type))]

/** Creates the built-in workflow: text to image, by a checkpoint of the server. */
export function createBuiltInWorkflow(): ReadWorkflow & { name: string } {
  const read = readWorkflow(GRAPH)
  if (typeof read === 'string') throw new Error(read)
  return { name: NAME, ...read }
}

/** Returns whether a server can run the built-in workflow: it has the nodes, and a checkpoint. */
export function hasCheckpoint(classes: ReadonlyMap<string, NodeClass>): boolean {
  const loader = classes.get(CHECKPOINT_CLASS)
  const choices = loader && getChoices(loader, CHECKPOINT_INPUT)
  return choices !== undefined && choices.length > 0 && BUILT_IN_CLASSES.every(name => classes.has(name))
}
