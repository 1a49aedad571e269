/** The one element that a selector names, of the type expected; throws when the page lacks it. */
export function one<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`${selector} is missing in the page`);
}

/** A copy of the one element that a template holds. */
export function instantiate(id: string): HTMLElement {
  const template = one(document, `template#${id}`, HTMLTemplateElement);
  const copy = document.importNode(template.content, true).firstElementChild;
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`template ${id} is empty`);
}

/** Sets text only where it changed, so that selections and screen readers stay undisturbed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
