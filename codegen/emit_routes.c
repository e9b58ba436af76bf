/* SPDX-License-Identifier: MIT */
#include "codegen/emit.h"

#include "base/banned.h"

static const char source[] = "the services in schema/proto";

typedef void (*method_fn)(struct out *o, const struct model_method *method);
typedef bool (*method_is_fn)(const struct model_method *method);

static void each_method(const struct model *m, struct out *o, method_fn put)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            for (size_t k = 0; k < m->files[i].services[j].n_methods; k++)
                if (m->files[i].services[j].methods[k].rule)
                    put(o, &m->files[i].services[j].methods[k]);
}

static bool has_any(const struct model *m, method_is_fn is)
{
    for (size_t i = 0; i < m->n_files; i++)
        for (size_t j = 0; j < m->files[i].n_services; j++)
            for (size_t k = 0; k < m->files[i].services[j].n_methods; k++)
                if (m->files[i].services[j].methods[k].rule &&
                    is(&m->files[i].services[j].methods[k]))
                    return true;
    return false;
}

static bool has_route(const struct model_method *method)
{
    return method->rule->http != NULL;
}

static bool has_destination(const struct model_method *method)
{
    return method->rule->stomp &&
           (method->rule->stomp->send[0] || method->rule->stomp->subscribe[0]);
}

static void put_route_id(struct out *o, const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;

    if (!http)
        return;
    out_set(o, "C", method->c_upper);
    out_comment(o, 4,
                arena_printf(&o->arena, "%s %s: " STR_FMT, http->method, http->path,
                             STR_ARG(method->comment)));
    out_put(o, "    ROUTE_$C$,\n");
}

static void put_destination_id(struct out *o, const struct model_method *method)
{
    if (!has_destination(method))
        return;
    out_set(o, "C", method->c_upper);
    out_comment(
        o, 4,
        arena_printf(
            &o->arena, "%s%s%s%s%s: " STR_FMT,
            method->rule->stomp->send[0] ? "SEND " : "", method->rule->stomp->send,
            method->rule->stomp->send[0] && method->rule->stomp->subscribe[0] ? ", " : "",
            method->rule->stomp->subscribe[0] ? "SUBSCRIBE " : "",
            method->rule->stomp->subscribe, STR_ARG(method->comment)));
    out_put(o, "    DESTINATION_$C$,\n");
}

static void put_header(struct out *o, const struct model *m)
{
    out_head(o, source);
    out_put(o,
            "#ifndef GENERATED_ROUTES_H\n"
            "#define GENERATED_ROUTES_H\n"
            "\n"
            "/* REST routes and STOMP destinations, for route_find of codec/route.h. */\n"
            "\n"
            "#include \"codec/route.h\"\n"
            "\n"
            "enum route_id {\n");
    each_method(m, o, put_route_id);
    out_put(o, "    ROUTE_N, /* how many there are */\n"
               "};\n"
               "\n"
               "enum destination_id {\n");
    each_method(m, o, put_destination_id);
    out_put(o, "    DESTINATION_N, /* how many there are */\n"
               "};\n"
               "\n"
               "/* Rows of enum route_id; several paths may have the same id. */\n"
               "extern const struct route_table route_table;\n"
               "\n"
               "/* Rows of enum destination_id; the method is SEND or SUBSCRIBE. */\n"
               "extern const struct route_table destination_table;\n"
               "\n"
               "#endif\n");
}

static const char *identity_name(const char *identity)
{
    if (str_eq(str_of(identity), STR("always")))
        return "ROUTE_IDENTITY_ALWAYS";
    if (str_eq(str_of(identity), STR("not_trust")))
        return "ROUTE_IDENTITY_NOT_TRUST";
    return "ROUTE_IDENTITY_NONE";
}

static void put_route_row(struct out *o, const Reuse__Http *http, const char *path)
{
    out_set_quoted(o, "path", str_of(path));
    out_put(o, "    {\n"
               "        .id = ROUTE_$C$,\n"
               "        .name = \"$c$\",\n"
               "        .method = \"$method$\",\n"
               "        .pattern = $path$,\n");
    if (http->identity[0])
        out_put(o, "        .identity = $identity$,\n");
    if (http->admin)
        out_put(o, "        .is_admin = true,\n");
    if (http->form)
        out_put(o, "        .is_form = true,\n");
    out_put(o, "    },\n");
}

static void put_route_rows(struct out *o, const struct model_method *method)
{
    const Reuse__Http *http = method->rule->http;

    if (!http)
        return;
    out_set(o, "c", method->c_name);
    out_set(o, "C", method->c_upper);
    out_set_c(o, "method", http->method);
    out_set_c(o, "identity", identity_name(http->identity));
    put_route_row(o, http, http->path);
    for (size_t i = 0; i < http->n_also; i++)
        put_route_row(o, http, http->also[i]);
}

static void put_destination_row(struct out *o, const char *method, const char *pattern)
{
    if (!pattern[0])
        return;
    out_set_c(o, "method", method);
    out_set_quoted(o, "path", str_of(pattern));
    out_put(o, "    {\n"
               "        .id = DESTINATION_$C$,\n"
               "        .name = \"$c$\",\n"
               "        .method = \"$method$\",\n"
               "        .pattern = $path$,\n"
               "        .identity = ROUTE_IDENTITY_ALWAYS,\n"
               "    },\n");
}

static void put_destination_rows(struct out *o, const struct model_method *method)
{
    if (!has_destination(method))
        return;
    out_set(o, "c", method->c_name);
    out_set(o, "C", method->c_upper);
    put_destination_row(o, "SEND", method->rule->stomp->send);
    put_destination_row(o, "SUBSCRIBE", method->rule->stomp->subscribe);
}

/* C has no empty array: a table without rows has no array either. */
static void put_table(struct out *o, const struct model *m, const char *name,
                      method_is_fn is, method_fn put)
{
    out_set_c(o, "name", name);
    if (!has_any(m, is)) {
        out_put(o, "\n"
                   "const struct route_table $name$_table = {NULL, 0};\n");
        return;
    }
    out_put(o, "\n"
               "static const struct route $name$s[] = {\n");
    each_method(m, o, put);
    out_set_c(o, "name", name);
    out_put(o, "};\n"
               "\n"
               "const struct route_table $name$_table = {\n"
               "    .routes = $name$s,\n"
               "    .n = sizeof($name$s) / sizeof($name$s[0]),\n"
               "};\n");
}

static void put_source(struct out *o, const struct model *m)
{
    out_head(o, source);
    out_put(o, "#include \"generated/c/routes.h\"\n"
               "\n"
               "#include \"base/banned.h\"\n");
    put_table(o, m, "route", has_route, put_route_rows);
    put_table(o, m, "destination", has_destination, put_destination_rows);
}

void emit_routes(const struct model *m, const char *dir, struct diag *d)
{
    struct out o;

    if (!has_any(m, has_route) && !has_any(m, has_destination))
        return;
    out_init(&o);
    put_header(&o, m);
    out_write(&o, dir, "c/routes.h", d);
    put_source(&o, m);
    out_write(&o, dir, "c/routes.c", d);
    out_release(&o);
}
