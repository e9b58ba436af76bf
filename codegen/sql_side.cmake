# The SQL half of reuse-gen, with the MariaDB engine inside.
reuse_module(codegen_sql
    SOURCES catalog.c catalog_load.c emit_columns.c emit_dao.c emit_dao_source.c emit_dao_test.c emit_layout.c
            engine.c plan.c query_file.c query_lint.c query_lock.c query_params.c query_scope.c
            query_shape.c query_sql.c schema_record.c seed.c sql_side.c sql_token.c
    LIBS codegen_text base)
target_link_libraries(codegen_sql PUBLIC ${MARIADBD_LIBRARY})
