"""Times DuckDB, Oxigraph and Ladybug beside `hgql bench query`, on the very same world, checks that all give the same answers, and prints the ratios.

    python3 -m venv .venv && .venv/bin/pip install duckdb==2.0.0 pyoxigraph==0.5.13 ladybug==0.22.0
    cargo build --release
    .venv/bin/python benches/peers/query.py --hgql target/release/hgql --threads 4

hgql draws the world, writes it (t.nt and a table of numbers for each predicate) and times itself; the peers then load those files. All take turns
for some rounds and the medians over the rounds count. What is not installed is left out, by name. DuckDB runs twice: with a table for each
predicate, and with one table of triples sorted by predicate, subject and object. Ladybug counts with SHORTEST in q7, which leaves the first
node out, so its answer there may be one less.
"""

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PREDICATES = ["knows", "worksFor", "livesIn", "age", "locatedIn", "likes", "ev_agent", "ev_object", "ev_place", "ev_year"]
CITIES = 500
PREFIX = "PREFIX : <http://ex.org/> "
SPARQL = {
    "q1_2hop_sel": "SELECT (COUNT(*) AS ?n) { ?a :livesIn :city7 . ?a :knows ?b . ?b :knows ?c }",
    "q2_2hop_all": "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c }",
    "q3_star": "SELECT (COUNT(*) AS ?n) { ?p :livesIn :city0 ; :age ?g ; :worksFor ?o ; :likes ?x . ?o :locatedIn ?c FILTER(?g>=30 && ?g<40) }",
    "q4_group": "SELECT ?o (COUNT(?p) AS ?n) { ?p :worksFor ?o } GROUP BY ?o ORDER BY DESC(?n) ?o LIMIT 10",
    "q5_tri": "SELECT (COUNT(*) AS ?n) { ?a :knows ?b . ?b :knows ?c . ?c :knows ?a }",
    "q6_nary": "SELECT ?o (COUNT(*) AS ?n) { ?e :ev_agent ?a ; :ev_object ?o ; :ev_year ?y . ?a :livesIn :city0 FILTER(?y>=2020) } "
               "GROUP BY ?o ORDER BY DESC(?n) ?o LIMIT 10",
    "q7_path": "SELECT (COUNT(*) AS ?n) { :person1 :knows+ ?x }",
}
SQL = {
    "q1_2hop_sel": "select count(*) from livesIn l join knows a on a.s=l.s join knows b on b.s=a.o where l.o=7",
    "q2_2hop_all": "select count(*) from knows a join knows b on b.s=a.o",
    "q3_star": "select count(*) from livesIn l join age g on g.s=l.s join worksFor w on w.s=l.s join likes k on k.s=l.s join locatedIn c on c.s=w.o "
               "where l.o=0 and g.o>=30 and g.o<40",
    "q4_group": "select count(*) n from worksFor group by o order by n desc limit 10",
    "q5_tri": "select count(*) from knows a join knows b on b.s=a.o join knows c on c.s=b.o and c.o=a.s",
    "q6_nary": "select count(*) n from ev_agent a join ev_object b on b.s=a.s join ev_year y on y.s=a.s join livesIn l on l.s=a.o "
               "where y.o>=2020 and l.o=0 group by b.o order by n desc limit 10",
    "q7_path": "with recursive r(x) as (select o from knows where s=1 union select k.o from r join knows k on k.s=r.x) select count(*) from r",
}
CYPHER = {
    "q1_2hop_sel": "MATCH (x:City {id:7})<-[:livesIn]-(a:Person)-[:knows]->(b:Person)-[:knows]->(c:Person) RETURN count(*)",
    "q2_2hop_all": "MATCH (a:Person)-[:knows]->(b:Person)-[:knows]->(c:Person) RETURN count(*)",
    "q3_star": "MATCH (p:Person)-[:livesIn]->(x:City {id:0}), (p)-[:worksFor]->(o:Org)-[:locatedIn]->(c:City), (p)-[:likes]->(k:Product) "
               "WHERE p.age>=30 AND p.age<40 RETURN count(*)",
    "q4_group": "MATCH (p:Person)-[:worksFor]->(o:Org) RETURN o.id, count(*) AS n ORDER BY n DESC LIMIT 10",
    "q5_tri": "MATCH (a:Person)-[:knows]->(b:Person)-[:knows]->(c:Person)-[:knows]->(a) RETURN count(*)",
    "q6_nary": "MATCH (e:Event)-[:ev_agent]->(a:Person)-[:livesIn]->(x:City {id:0}), (e)-[:ev_object]->(o:Product) WHERE e.year>=2020 "
               "RETURN o.id, count(*) AS n ORDER BY n DESC LIMIT 10",
    "q7_path": "MATCH (a:Person {id:1})-[:knows* SHORTEST 1..30]->(b:Person) RETURN count(DISTINCT b.id)",
}
RELATIONS = [("knows", "Person", "Person"), ("worksFor", "Person", "Org"), ("livesIn", "Person", "City"), ("locatedIn", "Org", "City"),
             ("likes", "Person", "Product"), ("ev_agent", "Event", "Person"), ("ev_object", "Event", "Product"), ("ev_place", "Event", "City")]


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hgql", required=True, help="the binary to compare")
    p.add_argument("--scale", type=float, default=1.0, help="size of the world")
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of hgql and of each peer that has several")
    p.add_argument("--rounds", type=int, default=3, help="turns of hgql and the peers")
    p.add_argument("--reps", type=int, default=5, help="samples per query and turn")
    p.add_argument("--peers", default="duckdb,duckdb-triples,oxigraph,ladybug", help="which, separated by commas")
    p.add_argument("--longest", type=float, default=30.0, help="seconds after which a query of a peer is not repeated")
    p.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    return p.parse_args()


def hgql(args, folder):
    """Milliseconds and counts by query."""
    command = [args.hgql, "bench", "query", "--json", "--scale", str(args.scale), "--seed", str(args.seed), "--reps", str(args.reps), "--dump", folder]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(args.threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"hgql failed with exit code {done.returncode}: {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["case"]: (line["ms"], [count for _, count in line.get("counts", [])]) for line in lines}


def sample(args, run):
    """Median milliseconds after one run that is not counted, and the answer."""
    times, begin = [], time.monotonic()
    for _ in range(args.reps + 1):
        start = time.perf_counter()
        answer = run()
        times.append((time.perf_counter() - start) * 1e3)
        if time.monotonic() - begin > args.longest:
            break
    return statistics.median(times[1:] or times), answer


def load(run):
    start = time.perf_counter()
    made = run()
    return made, ((time.perf_counter() - start) * 1e3, [])


def duckdb(args, folder, triples=False):
    connection = importlib.import_module("duckdb").connect()
    connection.execute(f"set threads={args.threads}")

    def tables():
        if triples:
            rows = " union all ".join(f"select {n} p, s, o from read_csv('{folder}/{name}.csv')" for n, name in enumerate(PREDICATES))
            connection.execute(f"create table t as select * from ({rows}) order by p, s, o")
        for n, name in enumerate(PREDICATES):
            if triples:
                connection.execute(f"create view {name} as select s, o from t where p={n}")
            else:
                connection.execute(f"create table {name} as select s, o from read_csv('{folder}/{name}.csv') order by s, o")

    _, loaded = load(tables)
    asked = {name: sample(args, lambda text=text: [row[0] for row in connection.execute(text).fetchall()]) for name, text in SQL.items()}
    return {"load": loaded, **asked}


def oxigraph(args, folder):
    module = importlib.import_module("pyoxigraph")

    def store():
        made = module.Store()
        made.bulk_load(path=f"{folder}/t.nt", format=module.RdfFormat.N_TRIPLES)
        return made

    made, loaded = load(store)
    count = {name: lambda text=text: [int(row["n"].value) for row in made.query(PREFIX + text)] for name, text in SPARQL.items()}
    return {"load": loaded, **{name: sample(args, run) for name, run in count.items()}}


def ladybug(args, folder):
    module = importlib.import_module("ladybug")
    with tempfile.TemporaryDirectory() as own:
        connection = module.Connection(module.Database(f"{own}/db"), num_threads=args.threads)
        products = 1 + max(int(line.split(",")[1]) for name in ("likes", "ev_object") for line in Path(folder, f"{name}.csv").open().readlines()[1:])
        orgs = sum(1 for _ in Path(folder, "locatedIn.csv").open()) - 1
        for name, count in (("Org", orgs), ("City", CITIES), ("Product", products)):
            Path(own, f"{name}.csv").write_text("id\n" + "".join(f"{n}\n" for n in range(count)))

        def tables():
            connection.execute("CREATE NODE TABLE Person(id INT64, age INT64, PRIMARY KEY(id))")
            connection.execute("CREATE NODE TABLE Event(id INT64, year INT64, PRIMARY KEY(id))")
            connection.execute(f"COPY Person FROM '{folder}/age.csv' (header=true)")
            connection.execute(f"COPY Event FROM '{folder}/ev_year.csv' (header=true)")
            for name in ("Org", "City", "Product"):
                connection.execute(f"CREATE NODE TABLE {name}(id INT64, PRIMARY KEY(id))")
                connection.execute(f"COPY {name} FROM '{own}/{name}.csv' (header=true)")
            for name, source, target in RELATIONS:
                connection.execute(f"CREATE REL TABLE {name}(FROM {source} TO {target})")
                connection.execute(f"COPY {name} FROM '{folder}/{name}.csv' (header=true)")

        def ask(text):
            result, rows = connection.execute(text), []
            while result.has_next():
                rows.append(result.get_next()[-1])
            return rows

        _, loaded = load(tables)
        return {"load": loaded, **{name: sample(args, lambda text=text: ask(text)) for name, text in CYPHER.items()}}


PEERS = {
    "duckdb": ("duckdb", duckdb),
    "duckdb-triples": ("duckdb", lambda args, folder: duckdb(args, folder, triples=True)),
    "oxigraph": ("pyoxigraph", oxigraph),
    "ladybug": ("ladybug", ladybug),
}


def installed(name):
    try:
        return importlib.import_module(PEERS[name][0])
    except ImportError:
        print(f"SKIPPED {name}: {PEERS[name][0]} is not installed", file=sys.stderr)
        return None


def differ(query, peer, ours, theirs):
    less = 1 if (peer, query) == ("ladybug", "q7_path") else 0
    return query != "load" and ours != theirs and [count - less for count in ours] != theirs


def main():
    args = parse()
    peers = [name for name in args.peers.split(",") if installed(name)]
    turns = {name: [] for name in ["hgql", *peers]}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            turns["hgql"].append(hgql(args, folder))
            for name in peers:
                turns[name].append(PEERS[name][1](args, folder))
    wrong = 0
    if not args.json:
        print(f"\nscale {args.scale}, seed {args.seed}, {args.threads} threads, load average {os.getloadavg()[0]:.1f}")
        print(f"{'query':13}{'hgql ms':>10}" + "".join(f"{name + ' ms':>19}{'ratio':>8}" for name in peers))
    for query in turns["hgql"][0]:
        median = {name: statistics.median(turn[query][0] for turn in rounds) for name, rounds in turns.items()}
        answers = {name: rounds[0][query][1] for name, rounds in turns.items()}
        for name in peers:
            if differ(query, name, answers["hgql"], answers[name]):
                wrong += 1
                print(f"{query}: hgql answers {answers['hgql']}, {name} {answers[name]}", file=sys.stderr)
            if args.json:
                print(json.dumps({"kind": "ratio", "case": query, "scale": args.scale, "threads": args.threads, "peer": name,
                                  "peer_ms": median[name], "hgql_ms": median["hgql"], "ratio": median[name] / median["hgql"]}))
        if not args.json:
            print(f"{query:13}{median['hgql']:10.2f}" + "".join(f"{median[name]:19.2f}{median[name] / median['hgql']:8.2f}" for name in peers))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
