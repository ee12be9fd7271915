import { Show } from 'solid-js'
import { withStyles } from '../ui/failed-styles.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { MaskEditorProps, MaskTarget } from './mask-target.ts'

const MaskEditor = lazyPart(withStyles('mask-editor', () => import('./mask-editor.tsx')))

interface MaskLayerProps {
  target: MaskTarget | null
  createProps: (target: MaskTarget) => MaskEditorProps | undefined
}

/** The mask editor while there is an output to mark, over everything else. */
export function MaskLayer(props: MaskLayerProps) {
  return (
    <Show when={props.target && props.createProps(props.target)} keyed>
      {editor => <MaskEditor {...editor} />}
    </Show>
  )
}
