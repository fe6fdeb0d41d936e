/* The status line repeats what the page's script knows of the record on the screen. */
(function () {
  if (typeof record === "undefined") { return; }
  document.getElementById("status").textContent = "表示中: " + record.id + " / " + record.name + " 様 / " + record.tel + " / " + record.mail;
})();
