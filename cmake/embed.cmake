# reuse_embed(TARGET DIR FILES…): adds to a library the files of DIR as C arrays, so that the program
# serves its pages without a folder beside it. The table is embedded_files of web/embedded_files.h;
# paths are "/" + the name under DIR. It is written into the build folder.
function(reuse_embed target dir)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_table.c)
    set(paths ${ARGN})
    list(TRANSFORM paths PREPEND ${dir}/)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DDIR=${dir} "-DFILES=${ARGN}" -DOUTPUT=${output}
                -P ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
        COMMENT "Embedding the pages of the server"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
