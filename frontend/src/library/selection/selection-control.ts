import { onCleanup } from 'solid-js'

/** The actions on everything that is selected, as keys run them. */
export interface SelectionControl {
  favourite: () => void
  download: () => void
  reference: () => void
  remove: () => void
}

/** Creates the access to the actions of the selection's bar: there are none while nothing is selected. */
export function createSelectionControl() {
  let mounted: SelectionControl | undefined

  /** Gives access to the actions until their component is removed. */
  function mountSelection(control: SelectionControl) {
    mounted = control
    onCleanup(() => {
      mounted = undefined
    })
  }

  /** Runs an action on everything that is selected. @returns false if nothing is */
  function runOnSelection(action: keyof SelectionControl): boolean {
    // The action may end the selection.
    const control = mounted
    control?.[action]()
    return control !== undefined
  }

  return { mountSelection, runOnSelection }
}
