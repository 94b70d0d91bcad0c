// Says the time zone of the browser where none was chosen: in a hidden field, or
// as the choice of a list that has it.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of document.querySelectorAll("input[type=hidden][name=zone]")) field.value = zone;
  for (const list of document.querySelectorAll("[data-zone] select[name=zone]")) {
    if (list.value === "" && [...list.options].some((option) => option.value === zone)) list.value = zone;
  }
})();
