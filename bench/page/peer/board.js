// The peer of `cargo xtask bench page`: a table of the whole field in Vue 2 and Vuetify. Each second all rows
// come, the newest value of a rider replaces the older one, and the list is made and sorted anew.
const cat =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2'%3E%3Ccircle cx='1' cy='1' r='1'/%3E%3C/svg%3E";

new Vue({
  el: "#app",
  vuetify: new Vuetify(),
  data: { rows: [], seconds: 0, cat },
  template: `
    <v-app><v-main><v-container><v-card>
      <v-card-title>Here now, second {{ seconds }}</v-card-title>
      <v-simple-table fixed-header height="548px">
        <template v-slot:default>
          <thead><tr><th></th><th>Name/ID</th><th>Output</th></tr></thead>
          <tbody>
            <tr v-for="row in rows" :key="row.racerId">
              <td><v-avatar size="36" rounded><img :src="cat" alt="" /></v-avatar></td>
              <td>{{ row.name }} ({{ row.racerId }})</td>
              <td>{{ row.output }} <v-icon v-if="row.best">mdi-trophy</v-icon></td>
            </tr>
          </tbody>
        </template>
      </v-simple-table>
    </v-card></v-container></v-main></v-app>`,
  async mounted() {
    await this.update();
    setInterval(() => this.update(), 1000);
  },
  methods: {
    async update() {
      const text = await (await fetch("/board")).text();
      const begun = window.benchBegin();
      const results = JSON.parse(text);
      const newest = new Map(this.rows.map((row) => [row.racerId, row]));
      for (const row of results) newest.set(row.racerId, { ...row, output: Math.round(row.output * 100) / 100 });
      this.rows = [...newest.values()].sort((a, b) => b.output - a.output);
      this.seconds += 1;
      window.benchUpdate(begun);
    },
  },
});
