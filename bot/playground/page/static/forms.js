// Forms: what stands in their fields, as Slack sends it.
export function readForm(form) {
  const values = {};
  for (const field of form.querySelectorAll("[data-block]")) {
    const { block, action, type } = field.dataset;
    const given = ((values[block] ??= {})[action] ??= empty(type));
    if (type === "plain_text_input") given.value = field.value || null;
    else if (field.checked && type === "radio_buttons") given.selected_option = { value: field.value };
    else if (field.checked) given.selected_options.push({ value: field.value });
  }
  return values;
}

function empty(type) {
  if (type === "checkboxes") return { type, selected_options: [] };
  return type === "radio_buttons" ? { type, selected_option: null } : { type, value: null };
}
